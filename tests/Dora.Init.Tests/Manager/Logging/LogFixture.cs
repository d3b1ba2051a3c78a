using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.Logging;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>
/// Manager's side and syslog together, over real sockets and pipes. A reader is given more time than any test takes,
/// unless the test is about that.
/// </summary>
public abstract unsafe class LogFixture : IDisposable
{
    private static readonly JsonSerializerOptions s_options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    private const int RingSize = 256 * 1024;
    private readonly TimeSpan _readerPatience;
    private SharedMemory? _ring;

    protected LogFixture() : this(TimeSpan.FromMinutes(5))
    {
    }

    protected LogFixture(TimeSpan readerPatience)
    {
        _readerPatience = readerPatience;
        BeforeStart();
        StartManager();
        StartSyslog();
    }

    protected virtual void BeforeStart()
    {
    }

    /// <summary>Starts the process that writes files; there is none unless a test has one.</summary>
    private protected Func<FileDescriptor, FileDescriptor, Dora.Core.Protocol.StoreLimits, string?> StartStore { get; set; } = (_, _, _) => "there is none here";

    protected string Folder { get; } = Directory.CreateTempSubdirectory("dora-log-").FullName;
    private protected MemoryStore Store { get; } = new();
    private protected LoopThread SyslogThread { get; } = new();
    private protected LoopThread ManagerThread { get; } = new();
    private protected LogHub Hub { get; private set; } = null!;
    private protected LogServer Server { get; private set; } = null!;
    protected List<string> Warnings { get; } = [];
    protected string DevLog => Path.Combine(Folder, "log");

    public virtual void Dispose()
    {
        StopSyslog();
        SyslogThread.Dispose();
        ManagerThread.Dispose();
        Store.Dispose();
        Directory.Delete(Folder, true);
        GC.SuppressFinalize(this);
    }

    protected void StartManager()
    {
        Store.Restart();
        Hub = ManagerThread.Call(() => new LogHub(ManagerThread.Loop, Store, Warnings.Add, DevLog));
    }

    protected void StartSyslog()
    {
        var passed = ManagerThread.Call(() =>
        {
            var list = Hub.SyslogDescriptors();
            var copies = new Dictionary<string, FileDescriptor>();
            foreach (var (name, fd) in list)
            {
                if (name == "kmsg") continue; // the host's kernel is not part of these tests
                Sys.Duplicate(fd, out var copy).ThrowIfError("fcntl");
                copies.Add(name, copy);
            }
            return copies;
        });
        SharedMemory.Map(passed["ring"], RingSize + LogRates.Size, out _ring).ThrowIfError("mmap");
        passed["ring"].Dispose();
        Server = SyslogThread.Call(() =>
        {
            var server = new LogServer(SyslogThread.Loop, new LogRing(_ring!.Pointer, RingSize, null, _ring.Pointer + RingSize))
            {
                LinePatience = TimeSpan.FromMilliseconds(200), ReaderPatience = _readerPatience, SignOfLife = SignOfLife, StartStore = StartStore,
            };
            BeforeSyslog(server);
            server.Note("started");
            server.ListenTo(passed["dev-log"], Encoding.UTF8.GetBytes(Environment.MachineName));
            server.Attend(passed["channel"]);
            return server;
        });
        ManagerThread.Until(() => Hub.IsRunning, "syslog says hello");
    }

    /// <summary>On its thread, before it takes anything.</summary>
    private protected virtual void BeforeSyslog(LogServer server)
    {
    }

    /// <summary>Longer than any test but that of it.</summary>
    private protected virtual TimeSpan SignOfLife => TimeSpan.FromMinutes(1);

    protected void StopSyslog()
    {
        if (_ring is null) return;
        SyslogThread.Call(Server.Close);
        _ring.Dispose();
        _ring = null;
    }

    /// <summary>As TERM ends it.</summary>
    protected void LeaveSyslog()
    {
        using var left = new ManualResetEventSlim();
        SyslogThread.Call(() => Server.Leave(left.Set));
        Assert.True(left.Wait(20_000), "syslog does not leave");
        StopSyslog();
    }

    protected void StopManager() => ManagerThread.Call(Hub.Close);

    private protected (FileDescriptor Output, FileDescriptor Error) Open(string service) => ManagerThread.Call(() =>
    {
        Hub.OpenStreams(service, out var output, out var error).ThrowIfError("pipe2");
        return (output!, error!);
    });

    private protected static void Write(FileDescriptor fd, string text)
    {
        Sys.Write(fd, Encoding.UTF8.GetBytes(text), out int count).ThrowIfError("write");
        Assert.Equal(Encoding.UTF8.GetByteCount(text), count);
    }

    protected void WaitForLines(int count) =>
        SyslogThread.Until(() => Server.Ring.NextSequence > count, $"{count} lines");

    private protected bool Serve(LogQuery query, out FileDescriptor client)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out client, out var served).ThrowIfError("socketpair");
        using (served) return ManagerThread.Call(() => Hub.ServeLogs(served, query));
    }

    private protected FileDescriptor Connect(LogQuery query)
    {
        Assert.True(Serve(query, out var client));
        return client;
    }

    private protected List<LogLine> Query(LogQuery query)
    {
        using var client = Connect(query);
        string answer = ReadUntil(client, null);
        string[] parts = answer.Split("\r\n\r\n", 2);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", parts[0]);
        Assert.Contains("Connection: close", parts[0]);
        return [.. parts[1].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<LogLine>(l, s_options)!)];
    }

    /// <summary>Reads until <paramref name="end"/> has come, or to the end of the stream when null.</summary>
    private protected static string ReadUntil(FileDescriptor fd, string? end)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[65536];
        var deadline = Sys.TimeSinceBoot() + TimeSpan.FromSeconds(30);
        while (true)
        {
            if (Sys.WaitReadable(fd, deadline) != Errno.None) throw new TimeoutException($"no '{end}' came");
            var errno = Sys.Read(fd, buffer, out int count);
            errno.ThrowIfError("read");
            if (count == 0) return end is null ? text.ToString() : throw new EndOfStreamException($"end before '{end}'");
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
            int recent = Math.Min(text.Length, count + (end?.Length ?? 0));
            if (end is not null && text.ToString(text.Length - recent, recent).Contains(end)) return text.ToString();
        }
    }

    protected void SendDatagram(string text)
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_DGRAM, 0, out var socket).ThrowIfError("socket");
        using (socket)
        {
            Sys.ConnectUnix(socket, DevLog).ThrowIfError("connect");
            Sys.Send(socket, Encoding.UTF8.GetBytes(text), null).ThrowIfError("send");
        }
    }
}
