using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>What goes wrong between a decision to start and the first instruction of the program is told with its stage.</summary>
public class SpawnTests(SpawnTests.Machine machine) : IClassFixture<SpawnTests.Machine>
{
    public sealed class Machine : Probes
    {
        public Machine()
        {
            Bad("missing", "/usr/bin/nowhere");
            Bad("no-interpreter", "/pandora/no-interpreter");
            Bad("not-executable", "/etc/passwd");
            Bad("folder", "/etc");
            Bad("below-a-file", "/etc/passwd/x");
            Bad("loop", "/etc/loop");
            Bad("no-format", "/pandora/no-format");
            Bad("too-big", "/bin/true", "environment-files: /etc/big.env\n");
            Bad("no-directory", "/bin/true", "directory: /nowhere\n");
            Bad("no-entry", "/bin/true", "user: plain\ndirectory: /srv/closed\n");
            Bad("no-root", "/bin/true", "root: /nowhere\n");
            Bad("no-limit", "/bin/true", "rlimits: {nofile: 4000000000}\n");
            Bad("no-tty", "/bin/true", "tty: ttyS99\n");
            Bad("no-user", "/bin/true", "user: nobody-knows\n");
            Bad("no-group", "/bin/true", "group: nobody-knows\n");
            AddService("sockets", "command: [/bin/sh, -c, 'exec ls -l /proc/self/fd >/told/sockets']\ntype: oneshot\nsockets: [tcp: 4711, unix: /run/a.sock]\nstdout: none\n");
            AddService("first", "command: [/pandora/first]\ntype: oneshot\nstdout: truncate:/told/first\n");
            Start(files =>
            {
                string pandora = Path.Combine(files, "pandora");
                Write("no-interpreter", "#!/no/such/interpreter\n");
                Write("no-format", "not a program\n");
                File.CreateSymbolicLink(Path.Combine(files, "etc/loop"), "loop");
                File.WriteAllText(Path.Combine(files, "etc/big.env"), $"BIG={new string('x', 200_000)}\n");
                Directory.CreateDirectory(Path.Combine(files, "srv/closed"));
                Programs.Run(TimeSpan.FromSeconds(5), "chmod", "700", Path.Combine(files, "srv/closed")).Expect();
                // The first thing that it does is to say where it is, in which session, and what it was given.
                string source = Path.Combine(pandora, "first.c");
                File.WriteAllText(source, """
                    #include <fcntl.h>
                    #include <signal.h>
                    #include <stdio.h>
                    #include <unistd.h>
                    int main(int count, char **argv)
                    {
                        char text[4096];
                        int fd = open("/proc/self/cgroup", O_RDONLY);
                        write(1, text, read(fd, text, sizeof text));
                        close(fd);
                        printf("%d %d %d\n", getsid(0) == getpid(), getpgrp() == getpid(), count);
                        for (int s = 1; s < 65; s++) {
                            struct sigaction action;
                            if (sigaction(s, NULL, &action) == 0 && action.sa_handler != SIG_DFL) printf("signal %d is not at its default\n", s);
                        }
                        sigset_t mask;
                        sigprocmask(SIG_SETMASK, NULL, &mask);
                        for (int s = 1; s < 65; s++)
                            if (sigismember(&mask, s) == 1) printf("signal %d is blocked\n", s);
                        for (int n = 0; n < 1000; n++)
                            if (fcntl(n, F_GETFD) >= 0) printf("%d ", n);
                        return 0;
                    }
                    """);
                Programs.Run(TimeSpan.FromSeconds(30), "clang", "-w", "-static", "-o", Path.Combine(pandora, "first"), source).Expect();

                void Write(string name, string text)
                {
                    string file = Path.Combine(pandora, name);
                    File.WriteAllText(file, text);
                    Programs.Run(TimeSpan.FromSeconds(5), "chmod", "755", file).Expect();
                }
            });
        }

        void Bad(string name, string program, string settings = "") => AddService(name, $"restart: never\ncommand: [{program}]\n{settings}");
    }

    [Theory]
    [InlineData("missing", "execute /usr/bin/nowhere: no such file or directory (ENOENT)")]
    [InlineData("no-interpreter", "execute /pandora/no-interpreter: no such file or directory (ENOENT)")]
    [InlineData("not-executable", "execute /etc/passwd: permission denied (EACCES)")]
    [InlineData("folder", "execute /etc: permission denied (EACCES)")]
    [InlineData("below-a-file", "execute /etc/passwd/x: not a directory (ENOTDIR)")]
    [InlineData("loop", "execute /etc/loop: too many levels of symbolic links (ELOOP)")]
    [InlineData("no-format", "execute /pandora/no-format: exec format error (ENOEXEC)")]
    [InlineData("too-big", "execute /bin/true: argument list too long (E2BIG)")]
    [InlineData("no-directory", "change to directory /nowhere: no such file or directory (ENOENT)")]
    [InlineData("no-entry", "change to directory /srv/closed: permission denied (EACCES)")]
    [InlineData("no-root", "change root to /nowhere: no such file or directory (ENOENT)")]
    [InlineData("no-limit", "set rlimit nofile: operation not permitted (EPERM)")]
    [InlineData("no-tty", "open /dev/ttyS99: no such file or directory (ENOENT)")]
    [InlineData("no-user", "user nobody-knows: there is no such user in /etc/passwd")]
    [InlineData("no-group", "group nobody-knows: there is no such group in /etc/group")]
    public void A_start_that_fails_says_at_which_stage_and_why(string service, string cause)
    {
        string reason = machine.Failure(service);
        Assert.Contains(cause, reason);
        Assert.Contains($"pandora: {service}: failed: {reason}", machine.Init.KernelLog);
    }

    [Fact]
    public void Sockets_follow_the_standard_streams_and_nothing_else_is_open()
    {
        machine.Init.WaitForState("sockets", "done");
        string[] lines = [.. File.ReadAllLines(machine.Init.Inside("/told/sockets")).Where(line => line.Contains("->")).Select(line => line[(line.IndexOf(" -> ", StringComparison.Ordinal) - 1)..])];
        Assert.Equal(["0 -> /dev/null", "1 -> /told/sockets"], lines[..2]);
        Assert.StartsWith("3 -> socket:", lines[3]);
        Assert.StartsWith("4 -> socket:", lines[4]);
        Assert.StartsWith("5 -> /proc/", lines[5]); // ls reads its own folder
        Assert.Equal(6, lines.Length);
    }

    [Fact]
    public void From_its_first_instruction_on_it_is_in_its_cgroup_and_session_with_nothing_inherited() =>
        Assert.Equal(["0::/dora/services/first", "1 1 1", "0 1 2"], Lines("first"));

    IEnumerable<string> Lines(string service)
    {
        machine.Init.WaitForState(service, "done");
        return File.ReadAllLines(machine.Init.Inside($"/told/{service}")).Select(line => line.Trim())
            .Where(line => !line.Contains(':') || line.StartsWith("0::", StringComparison.Ordinal)); // not what version 1 of cgroups says
    }
}
