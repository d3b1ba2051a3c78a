"""http_client.py SOCKET: Python's http.client over AF_UNIX against the API of a running machine (standard library only)."""
import http.client
import json
import os
import socket
import sys
import threading

PATH = sys.argv[1]
NAME = f"client-python-{os.getpid()}"
checks = 0


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, timeout=30):
        super().__init__("dora", timeout=timeout)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(PATH)


def check(what, holds, *seen):
    global checks
    if not holds:
        sys.exit(f"python: {what}: did not hold: {seen}")
    checks += 1


def ask(connection, method, path, body=None, **more):
    connection.request(method, path, body, **more)
    response = connection.getresponse()
    text = response.read()
    return response, json.loads(text) if text else None


def main():
    connection = UnixConnection()
    # One connection for everything, errors among it.
    _, version = ask(connection, "GET", "/v1/version")
    check("version", version["product"] == "pandora", version)
    first = connection.sock
    for _ in range(50):
        response, services = ask(connection, "GET", "/v1/services")
        check("services", response.status == 200 and len(services) > 0, response.status)
        response, error = ask(connection, "GET", "/v1/services/no-such")
        check("an error has a name and a sentence", response.status == 404 and error["error"] == "service.not-found" and error["message"], error)
        response, nothing = ask(connection, "HEAD", "/v1/services")
        check("HEAD", nothing is None and int(response.getheader("Content-Length")) > 2, response.getheaders())
    check("one connection", connection.sock is first)

    # A body in chunks of any size, as http.client makes them of an iterable.
    body = json.dumps({"command": ["/bin/sleep", "1000"], "description": "a client of the tests"}).encode()
    response, change = ask(connection, "POST", f"/v1/run?name={NAME}", (body[i:i + 1] for i in range(len(body))), encode_chunked=True,
                           headers={"Transfer-Encoding": "chunked"})
    check("run", response.status == 202 and response.getheader("Location") == f"/v1/changes/{change['id']}", change)
    response, error = ask(connection, "POST", f"/v1/services/{NAME}/start", b'{"gently":true}')
    check("a body where none belongs", response.status == 400 and error["error"] == "request.body", error)
    response, error = ask(connection, "GET", "/v1/logs?folow=true")
    check("an unknown parameter is named", response.status == 400 and "folow" in error["message"], error)

    # Followed as NDJSON until it runs, then as Server-Sent Events behind that.
    last = 0
    followed = UnixConnection()
    followed.request("GET", "/v1/events?follow=true")
    stream = followed.getresponse()
    check("type of a stream", stream.getheader("Content-Type") == "application/x-ndjson", stream.getheaders())
    for line in stream:
        if not line.strip():
            continue  # a sign of life
        event = json.loads(line)
        check("ids go up", event["id"] == last + 1 or last == 0, last, event)
        last = event["id"]
        if event["kind"] == "service.state" and event.get("service") == NAME and event["after"] == "running":
            break
    followed.close()

    response, change = ask(connection, "POST", f"/v1/services/{NAME}/stop")
    response, ended = ask(connection, "GET", f"/v1/changes/{change['id']}?wait=20s")
    check("stopped", ended["status"] == "done", ended)

    followed = UnixConnection()
    followed.request("GET", "/v1/events", headers={"Accept": "text/event-stream", "Last-Event-ID": str(last)})
    stream = followed.getresponse()
    check("type of events", stream.getheader("Content-Type") == "text/event-stream", stream.getheaders())
    fields = {}
    for line in stream:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
            continue
        if "data" in fields:
            check("goes on behind the last id", int(fields["id"]) == last + 1, fields, last)
            last += 1
            event = json.loads(fields["data"])
            check("kind", fields["event"] == event["kind"] and event["id"] == last, fields)
            if event["kind"] == "change" and event.get("change") == change["id"] and event["status"] == "done":
                break
        fields = {}
    followed.close()

    # By hand, what http.client cannot: a pipeline behind half a close, and single bytes.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as raw:
        raw.settimeout(30)
        raw.connect(PATH)
        raw.sendall(b"GET /v1/version HTTP/1.1\r\nHost: d\r\n\r\n" * 20 + b"GET /v1/nothing HTTP/1.1\r\nHost: d\r\nConnection: close\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := raw.recv(7):
            answer += piece
    check("pipeline", answer.count(b"HTTP/1.1 200 ") == 20 and answer.count(b"HTTP/1.1 404 ") == 1, answer)

    # Eight at once, each with a connection of its own, some of which are left in the middle of an answer.
    failures = []

    def many():
        try:
            for i in range(20):
                mine = UnixConnection()
                mine.request("GET", "/v1/services")
                if i % 4:
                    if mine.getresponse().read()[:1] != b"[":
                        failures.append("no list")
                mine.close()
        except Exception as exception:  # told by the main thread
            failures.append(repr(exception))

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    check("eight at once", not failures and not any(thread.is_alive() for thread in threads), failures)
    _, again = ask(UnixConnection(), "GET", "/v1/version")
    check("and it answers", again == version, again)
    print(f"python: {checks} checks")


main()
