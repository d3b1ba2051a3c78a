"""A person at a terminal, for tests of dora's sessions: programs on a pseudo terminal, typed at and read from."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 20


class Terminal:
    def __init__(self, command, rows=30, columns=100):
        self.seen, self.all, self.status = b"", b"", None
        # The size has to be there before the program asks for it.
        started, go = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.close(go)
            os.read(started, 1)
            os.environ["TERM"] = "xterm"
            os.execvp("sh", ["sh", "-c", "exec " + command])
        os.close(started)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.close(go)

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.fd, text.encode("latin1"))

    def read(self, limit):
        if not select.select([self.fd], [], [], limit)[0]:
            return None
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.seen += data
        self.all += data
        return data

    def expect(self, text, limit=LIMIT):
        """Waits for a text and gives what came before it."""
        wanted, end = text.encode("latin1"), time.monotonic() + limit
        while wanted not in self.seen:
            data = self.read(max(0, end - time.monotonic()))
            if data is None:
                fail(f"{text!r} did not come, but {self.seen!r}")
            if data == b"":
                fail(f"ended without {text!r}, with {self.seen!r}")
        before, _, self.seen = self.seen.partition(wanted)
        return before.decode("latin1")

    def ask(self, command, expected):
        """Types a command and waits for what only its output has: quotes in the command keep the echo from being taken for it."""
        self.type(command + "\n")
        return self.expect(expected)

    def code(self, limit=LIMIT):
        """Its exit code, or minus its signal."""
        end = time.monotonic() + limit
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.read(0.05):
                    pass
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                fail(f"has not ended; last seen: {self.all[-300:]!r}")
            self.read(0.05)

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)

    def is_raw(self):
        return not termios.tcgetattr(self.fd)[3] & (termios.ICANON | termios.ECHO)


def fail(message):
    print("FAILED: " + message)
    sys.stdout.flush()
    os._exit(99)


def same(found, wanted):
    if found != wanted:
        fail(f"{found!r} instead of {wanted!r}")


def wait_for(what, ask, limit=LIMIT):
    end = time.monotonic() + limit
    while not (answer := ask()):
        if time.monotonic() > end:
            fail(f"{what} did not come")
        time.sleep(0.02)
    return answer


def output(command):
    with os.popen(command) as pipe:
        return pipe.read()
