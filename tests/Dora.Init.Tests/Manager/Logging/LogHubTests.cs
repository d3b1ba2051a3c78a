using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.Logging;
using Dora.Init.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>Manager's side and syslog together, over real sockets and pipes.</summary>
public sealed unsafe class LogHubTests : IDisposable
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private readonly string _folder = Directory.CreateTempSubdirectory("dora-log-").FullName;
    private readonly MemoryStore _store = new();
    private readonly LoopThread _syslogThread = new(), _managerThread = new();
    private readonly List<string> _warnings = [];
    private LogHub _hub = null!;
    private LogServer _server = null!;
    private SharedMemory? _ring;

    public LogHubTests()
    {
        StartManager();
        StartSyslog();
    }

    private string DevLog => Path.Combine(_folder, "log");

    public void Dispose()
    {
        StopSyslog();
        _syslogThread.Dispose();
        _managerThread.Dispose();
        _store.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public void Lines_of_a_service_are_told_with_stream_and_priority()
    {
        var (output, error) = Open("web");
        Write(output, "hello\n<2>critical\n");
        WaitForLines(3);
        Write(error, "oops\n");
        WaitForLines(4);
        var lines = Query(new LogQuery("web", 10, false));
        Assert.Equal(["output 6 hello", "output 2 critical", "error 4 oops"], lines.Select(l => $"{l.Stream} {l.Priority} {l.Message}"));
        Assert.All(lines, l => Assert.True(l.BootMs > 0 && l.Service == "web" && l.Pid is null));
        output.Dispose();
        error.Dispose();
        _managerThread.Until(() => _hub.PipeCount == 0, "the pipes of a process that is gone are forgotten");
        Assert.DoesNotContain(_store.Names, n => n.Contains("web"));
    }

    [Fact]
    public void Line_without_end_comes_after_a_pause_and_at_the_end()
    {
        var (output, error) = Open("web");
        Write(output, "password: ");
        WaitForLines(2);
        Write(error, "last words");
        error.Dispose();
        WaitForLines(3);
        output.Dispose();
        Assert.Equal(["password: ", "last words"], Query(new LogQuery("web", 10, false)).Select(l => l.Message));
    }

    [Fact]
    public void Follower_gets_the_tail_and_then_what_comes()
    {
        var (output, error) = Open("web");
        Write(output, "1\n2\n3\n");
        WaitForLines(4);
        using var client = Connect(new LogQuery("web", 2, true));
        Assert.Contains("HTTP/1.1 200 OK\r\n", ReadUntil(client, "\"3\"}\n"));
        Write(output, "4\n");
        Assert.Contains("\"4\"", ReadUntil(client, "\"4\"}\n"));
        Assert.Equal(1, _syslogThread.Call(() => _server.ReaderCount));
        client.Dispose();
        _syslogThread.Until(() => _server.ReaderCount == 0, "a client that is gone is noticed");
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Follower_until_the_end_gets_every_line_and_then_the_end()
    {
        var (output, error) = Open("run-1");
        var (other, otherError) = Open("run-10");
        using var client = Connect(new LogQuery("run-1", 10, true, UntilEnd: true));
        ReadUntil(client, "\r\n\r\n");
        Write(output, "one\n");
        ReadUntil(client, "\"one\"}\n");
        output.Dispose();
        Write(error, "two\nlast");
        error.Dispose();
        ReadUntil(client, "\"last\"}\n");
        _syslogThread.Until(() => _server.ReaderCount == 0, "the reader is done");
        // And who comes later gets them at once, or what is behind a line.
        var all = Query(new LogQuery("run-1", 10, true, UntilEnd: true));
        Assert.Equal(["one", "two", "last"], all.Select(line => line.Message));
        Assert.Equal(["last"], Query(new LogQuery("run-1", 10, true, UntilEnd: true, After: all[1].Sequence!.Value)).Select(line => line.Message));
        other.Dispose();
        otherError.Dispose();
    }

    [Fact]
    public void Follower_that_only_closed_its_sending_side_still_gets_lines()
    {
        var (output, error) = Open("web");
        using var client = Connect(new LogQuery("web", 2, true));
        ReadUntil(client, "\r\n\r\n");
        Assert.Equal(0, shutdown(client.Number, 1));
        Write(output, "still\n");
        ReadUntil(client, "\"still\"}\n");
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Slow_reader_is_dropped_and_holds_nobody_up()
    {
        var (output, error) = Open("web");
        using var slow = Connect(new LogQuery(null, 0, true));
        using var quick = Connect(new LogQuery(null, 0, true));
        _syslogThread.Until(() => _server.ReaderCount == 2, "both read");
        string text = new('x', 1000);
        for (int i = 0; i < 3000; i++)
        {
            Write(output, $"{i} {text}\n");
            if (i % 20 == 19) ReadUntil(quick, $"\"{i} {text}\"}}\n");
        }
        _syslogThread.Until(() => _server.ReaderCount == 1, "the slow reader is dropped");
        Write(output, "end\n");
        ReadUntil(quick, "\"end\"}\n");
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Reader_that_is_overtaken_is_told_how_much_it_missed()
    {
        var (output, error) = Open("web");
        using var slow = Connect(new LogQuery("web", 0, true));
        _syslogThread.Until(() => _server.ReaderCount == 1, "it reads");
        for (int i = 0; i < 3000; i++) Write(output, $"{i} {new string('x', 500)}\n");
        Write(output, "end\n");
        WaitForLines(3002);
        Assert.Matches("\"service\":\"syslog\".*[0-9]+ lines were overwritten before this reader took them", ReadUntil(slow, "\"end\"}\n"));
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public void Writer_at_full_speed_does_not_starve_others()
    {
        var (flood, floodError) = Open("flood");
        var (quiet, quietError) = Open("quiet");
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("spam\n", 10_000)));
            while (!stop.IsCancellationRequested) Sys.Write(flood, lines, out _);
        });
        using var client = Connect(new LogQuery("quiet", 0, true));
        ReadUntil(client, "\r\n\r\n");
        writer.Start();
        var watch = Stopwatch.StartNew();
        for (int i = 0; i < 20; i++)
        {
            Write(quiet, $"i am {i}\n");
            // Nor does it push lines out before a reader that keeps up could take them.
            Assert.DoesNotContain("overwritten", ReadUntil(client, $"\"i am {i}\"}}\n"));
        }
        stop.Cancel();
        writer.Join();
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(10), $"20 lines took {watch.Elapsed}");
        foreach (var fd in new[] { flood, floodError, quiet, quietError }) fd.Dispose();
    }

    [Fact]
    public void New_syslog_gets_every_pipe_and_keeps_the_lines_of_the_old_one()
    {
        var (output, error) = Open("web");
        Write(output, "before\n");
        WaitForLines(2);
        StopSyslog();
        _managerThread.Call(() => _hub.SyslogStopped());
        Assert.False(Serve(new LogQuery(null, 1, false), out var refused));
        refused.Dispose();
        Write(output, "meanwhile\n");
        Write(error, "died\n");
        error.Dispose();
        SendDatagram("<30>Nov 21 03:55:35 tool[1]: sent meanwhile");
        StartSyslog();
        Write(output, "after\n");
        WaitForLines(7);
        Assert.Equal(["after", "before", "died", "meanwhile"], Query(new LogQuery("web", 10, false)).Select(l => l.Message).Order());
        Assert.Equal("sent meanwhile", Assert.Single(Query(new LogQuery("tool", 10, false))).Message);
        output.Dispose();
        _managerThread.Until(() => _hub.PipeCount == 0, "all pipes end");
    }

    [Fact]
    public void New_manager_takes_over_and_syslog_does_not_notice()
    {
        var (output, error) = Open("web");
        Write(output, "one\n");
        WaitForLines(2);
        StopManager();
        Write(output, "two\n");
        error.Dispose(); // ends with no manager there
        WaitForLines(3);
        StartManager();
        _managerThread.Until(() => _hub.PipeCount == 1, "the pipe that ended meanwhile is forgotten");
        Write(output, "three\n");
        WaitForLines(4);
        Assert.Equal(["one", "two", "three"], Query(new LogQuery("web", 10, false)).Select(l => l.Message));
        var (second, secondError) = Open("web");
        Write(second, "four\n");
        WaitForLines(5);
        foreach (var fd in new[] { output, second, secondError }) fd.Dispose();
        _managerThread.Until(() => _hub.PipeCount == 0, "all pipes end");
    }

    [Fact]
    public void Restarting_service_without_syslog_keeps_a_bounded_number_of_pipes()
    {
        StopSyslog();
        for (int i = 0; i < 300; i++)
        {
            var (output, error) = Open("crash");
            Write(output, i + "\n");
            output.Dispose();
            error.Dispose();
        }
        Assert.Equal(16, _managerThread.Call(() => _hub.PipeCount));
        Assert.NotEmpty(_warnings);
        StartSyslog();
        _managerThread.Until(() => _hub.PipeCount == 0, "all are read");
        Assert.Equal("299", Query(new LogQuery("crash", 10, false))[^1].Message);
    }

    [Fact]
    public void Hundreds_of_streams_pass_a_channel_that_nobody_reads()
    {
        StopSyslog();
        var ends = Enumerable.Range(0, 400).Select(i => Open("s" + i)).ToList();
        foreach (var (output, _) in ends) Write(output, "hi\n");
        StartSyslog();
        WaitForLines(402); // two starts of syslog
        foreach (var (output, error) in ends)
        {
            output.Dispose();
            error.Dispose();
        }
        _managerThread.Until(() => _hub.PipeCount == 0, "all are read to their end");
    }

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

    [Fact]
    public void Syslog_of_the_c_library_is_understood()
    {
        // The library has the path /dev/log built in. A program's own connect() comes before the library's for a
        // dynamic one only where the library calls it by name, so: a mount namespace with our socket in that place.
        string source = Path.Combine(_folder, "send.c"), program = Path.Combine(_folder, "send");
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
        int pid = RunProgram(program, _folder);
        WaitForLines(4);
        var lines = Query(new LogQuery("cprog", 10, false));
        Assert.Equal(["4 from C: 42", "7 two", "7 lines"], lines.Select(l => $"{l.Priority} {l.Message}"));
        Assert.All(lines, l => Assert.Equal(pid, l.Pid));
    }

    private void StartManager()
    {
        _store.Restart();
        _hub = _managerThread.Call(() => new LogHub(_managerThread.Loop, _store, _warnings.Add, DevLog));
    }

    private void StartSyslog()
    {
        var passed = _managerThread.Call(() =>
        {
            var list = _hub.SyslogDescriptors();
            var copies = new Dictionary<string, FileDescriptor>();
            foreach (var (name, fd) in list)
            {
                if (name == "kmsg") continue; // the host's kernel is not part of these tests
                Sys.Duplicate(fd, out var copy).ThrowIfError("fcntl");
                copies.Add(name, copy);
            }
            return copies;
        });
        SharedMemory.Map(passed["ring"], 256 * 1024, out _ring).ThrowIfError("mmap");
        passed["ring"].Dispose();
        _server = _syslogThread.Call(() =>
        {
            var server = new LogServer(_syslogThread.Loop, new LogRing(_ring!.Pointer, _ring.Length))
            {
                LinePatience = TimeSpan.FromMilliseconds(200), ReaderPatience = TimeSpan.FromSeconds(1.5),
            };
            server.Note("started");
            server.ListenTo(passed["dev-log"], Encoding.UTF8.GetBytes(Environment.MachineName));
            server.Attend(passed["channel"]);
            return server;
        });
        _managerThread.Until(() => _hub.IsRunning, "syslog says hello");
    }

    private void StopSyslog()
    {
        if (_ring is null) return;
        _syslogThread.Call(_server.Close);
        _ring.Dispose();
        _ring = null;
    }

    private void StopManager() => _managerThread.Call(_hub.Close);

    private (FileDescriptor Output, FileDescriptor Error) Open(string service) => _managerThread.Call(() =>
    {
        _hub.OpenStreams(service, out var output, out var error).ThrowIfError("pipe2");
        return (output!, error!);
    });

    private static void Write(FileDescriptor fd, string text)
    {
        Sys.Write(fd, Encoding.UTF8.GetBytes(text), out int count).ThrowIfError("write");
        Assert.Equal(Encoding.UTF8.GetByteCount(text), count);
    }

    private void WaitForLines(int count) =>
        _syslogThread.Until(() => _server.Ring.NextSequence > count, $"{count} lines");

    private bool Serve(LogQuery query, out FileDescriptor client)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out client, out var served).ThrowIfError("socketpair");
        using (served) return _managerThread.Call(() => _hub.ServeLogs(served, query));
    }

    private FileDescriptor Connect(LogQuery query)
    {
        Assert.True(Serve(query, out var client));
        return client;
    }

    private List<LogLine> Query(LogQuery query)
    {
        using var client = Connect(query);
        string answer = ReadUntil(client, null);
        string[] parts = answer.Split("\r\n\r\n", 2);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", parts[0]);
        Assert.Contains("Connection: close", parts[0]);
        return [.. parts[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<LogLine>(l, s_options)!)];
    }

    /// <summary>Reads until <paramref name="end"/> has come, or to the end of the stream when null.</summary>
    private static string ReadUntil(FileDescriptor fd, string? end)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[65536];
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            Libc.pollfd wait = new() { fd = fd.Number, events = 1 };
            if (Libc.poll(&wait, 1, 20_000) == 0 || deadline.Elapsed.TotalSeconds > 30) throw new TimeoutException($"no '{end}' came");
            var errno = Sys.Read(fd, buffer, out int count);
            errno.ThrowIfError("read");
            if (count == 0) return end is null ? text.ToString() : throw new EndOfStreamException($"end before '{end}'");
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            int recent = Math.Min(text.Length, count + (end?.Length ?? 0));
            if (end is not null && text.ToString(text.Length - recent, recent).Contains(end)) return text.ToString();
        }
    }

    private void SendDatagram(string text)
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM, 0, out var socket).ThrowIfError("socket");
        using (socket)
        {
            Sys.ConnectUnix(socket, DevLog).ThrowIfError("connect");
            Sys.Send(socket, Encoding.UTF8.GetBytes(text), null).ThrowIfError("send");
        }
    }

    private static int RunProgram(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors);
        return process.Id;
    }

    [System.Runtime.InteropServices.DllImport("libc")] private static extern int shutdown(int fd, int how);
}
