using System.Diagnostics;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>What comes through /dev/log.</summary>
public sealed class DevLogTests : LogFixture
{
    [Fact]
    public void Logger_is_understood_and_its_pid_is_the_kernels()
    {
        int pid = RunProgram("logger", "-u", DevLog, "-t", "mytag", "-i", "-p", "daemon.err", "classic words");
        RunProgram("logger", "-u", DevLog, "--rfc5424", "-t", "mytag", "new words");
        RunProgram("logger", "-u", DevLog, "--rfc3164", "-t", "mytag", "old words");
        WaitForLines(4);
        var lines = Query(new LogQuery("mytag", 10, false));
        Assert.Equal(["classic words", "new words", "old words"], lines.Select(l => l.Message));
        Assert.Equal((pid, 3, "syslog"), (lines[0].Pid!.Value, lines[0].Priority, lines[0].Stream));
    }

    [Fact]
    public void Claimed_pid_is_not_believed()
    {
        SendDatagram("<30>Nov 21 03:55:35 liar[1]: i am init");
        WaitForLines(2);
        Assert.Equal(Environment.ProcessId, Assert.Single(Query(new LogQuery("liar", 1, false))).Pid);
    }

    [Theory]
    [InlineData(true, "Der Ärger", true)]
    [InlineData(true, "der ärger", false)] // of letters beyond a to z there is no other case here
    [InlineData(true, "DER Ä", true)]
    [InlineData(false, "der Ä", false)]
    [InlineData(false, "Der Ä", true)]
    public void Letters_beyond_a_to_z_are_found_as_they_are_written(bool ignoreCase, string pattern, bool isFound)
    {
        var entry = new LogEntry { Source = LogSource.Output, Service = "web"u8, Text = "Der Ärger"u8, Sequence = 1 };
        Assert.Equal(isFound, new LogFilter(new LogQuery(null, 10, false) { Grep = pattern, IgnoreCase = ignoreCase }).Matches(entry));
    }

    [Fact]
    public void Syslog_of_the_c_library_is_understood()
    {
        // The library has the path /dev/log built in. A program's own connect() comes before the library's for a
        // dynamic one only where the library calls it by name, so: a mount namespace with our socket in that place.
        string source = Path.Combine(Folder, "send.c"), program = Path.Combine(Folder, "send");
        File.WriteAllText(source, """
            #define _GNU_SOURCE
            #include <sched.h>
            #include <stdio.h>
            #include <sys/mount.h>
            #include <syslog.h>
            #include <fcntl.h>
            #include <unistd.h>
            int main(int argc, char **argv)
            {
                (void)argc;
                if (unshare(CLONE_NEWNS) || mount("none", "/", 0, MS_REC | MS_PRIVATE, 0)) return perror("unshare"), 1;
                if (chdir(argv[1]) || mount("none", "/dev", "tmpfs", 0, 0)) return perror("mount"), 1;
                int fd = open("/dev/log", O_CREAT | O_WRONLY, 0600);
                if (fd < 0 || close(fd) || mount("log", "/dev/log", 0, MS_BIND, 0)) return perror("bind"), 1;
                openlog("cprog", LOG_PID | LOG_NDELAY, LOG_AUTH);
                syslog(LOG_WARNING, "from C: %d", 42);
                syslog(LOG_LOCAL3 | LOG_DEBUG, "two\nlines");
                return 0;
            }
            """);
        RunProgram("clang", "-o", program, source);
        int pid = RunProgram(program, Folder);
        WaitForLines(4);
        var lines = Query(new LogQuery("cprog", 10, false));
        Assert.Equal(["4 from C: 42", "7 two", "7 lines"], lines.Select(l => $"{l.Priority} {l.Message}"));
        Assert.All(lines, l => Assert.Equal(pid, l.Pid));
    }

    private static int RunProgram(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        return process.Id;
    }
}
