using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Syslog;
using Dora.Syslog.Store;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Syslog.Store;

/// <summary>Manager, syslog and the process that writes files, each on a loop of its own, over real sockets.</summary>
public sealed class StoreFeedTests : LogFixture
{
    private readonly string _logs = Directory.CreateTempSubdirectory("dora-feed-").FullName;
    private readonly List<LoopThread> _writers = [];
    private FileDescriptor? _folder;
    private StoreProcess? _process;
    private FileDescriptor? _writerEnd;
    private StoreLimits _limits = new(0, 0, 1, 0);
    private bool _mayStart = true;

    protected override void BeforeStart() => StartStore = Start;

    [Fact]
    public void Lines_before_and_after_the_storage_come_into_the_file_and_a_manager_says_so_again()
    {
        var (output, error) = Open("web");
        using (error)
        using (output)
        {
            Write(output, "before\n");
            WaitForLines(2);
            Claim();
            Write(output, "after\n");
            Until("after");
            StopManager();
            StartManager();
            ClaimAtHello();
            Write(output, "again\n");
            Until("again");
        }
        Assert.Equal(["started", "before", "after", "again"], Stored());
    }

    [Fact]
    public void Killed_syslog_and_killed_writer_lose_and_double_nothing()
    {
        Claim();
        var (output, error) = Open("web");
        using (error)
        using (output)
            for (int round = 0; round < 40; round++)
            {
                for (int i = 0; i < 50; i++) Write(output, $"line {round * 50 + i}\n");
                if (round % 4 == 1) KillWriter();
                if (round % 8 == 3)
                {
                    StopSyslog();
                    StartSyslog();
                    ClaimAtHello();
                }
            }
        Until("line 1999");
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"line {i}"), Stored().Where(text => text.StartsWith("line ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Writer_killed_when_the_new_file_has_its_first_line_only_loses_and_doubles_nothing()
    {
        Claim();
        var (output, error) = Open("web");
        using (error)
        using (output)
        {
            for (int i = 0; i < 50; i++) Write(output, $"line {i}\n");
            Until("line 49");
            _mayStart = false;
            KillWriter();
            string current = Path.Combine(_logs, "current.log");
            long last = File.ReadLines(current).Count() - 1; // "started" has the first number
            File.Move(current, Path.Combine(_logs, "00000001-20260101T000000Z-20260101T000001Z-1a2b3c4d.log"));
            File.WriteAllBytes(current, StoreHead.Format("1a2b3c4d000000000000000000000000", 1, last));
            _mayStart = true;
            Write(output, "line 50\n");
            Until("line 50");
        }
        Assert.Equal(Enumerable.Range(0, 51).Select(i => $"line {i}"), Stored().Where(text => text != "started" && !text.StartsWith("store: ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Told_to_end_syslog_leaves_when_all_is_in_the_file()
    {
        Claim();
        var (output, error) = Open("web");
        using (error)
        using (output)
        {
            for (int i = 0; i < 500; i++) Write(output, $"line {i}\n");
            WaitForLines(501);
        }
        LeaveSyslog();
        Assert.Equal("line 499", Stored()[^1]);
        Assert.Equal(501, Stored().Count);
    }

    [Fact]
    public void What_the_ring_overwrote_is_one_line_that_counts_it()
    {
        _mayStart = false;
        Claim();
        var (output, error) = Open("web");
        using (error)
        using (output)
        {
            for (int i = 0; i < 5000; i++) Write(output, $"{i} {new string('x', 200)}\n");
            WaitForLines(5001);
            _mayStart = true;
            Until("4999 ");
        }
        var stored = Stored();
        var marker = Assert.Single(stored, text => text.EndsWith("lines were overwritten in RAM before they could be stored", StringComparison.Ordinal));
        long lost = long.Parse(marker.Split(' ')[0]);
        long kept = stored.Count(text => text.Contains("xxx"));
        long own = SyslogThread.Call(() => Server.Ring.NextSequence) - 1 - 5000;
        Assert.InRange(lost + kept, 5000, 5000 + own);
    }

    [Fact]
    public void Writer_that_takes_nothing_holds_up_nobody_for_long()
    {
        Claim();
        Until("started");
        using var stopped = new ManualResetEventSlim();
        var writer = _writers[^1];
        var hang = new Thread(() => writer.Call(() => stopped.Wait(15_000)));
        hang.Start();
        var (output, error) = Open("web");
        using (error)
        using (output)
        {
            long begun = System.Diagnostics.Stopwatch.GetTimestamp();
            for (int i = 0; i < 10_000; i++) Write(output, $"{i} {new string('x', 200)}\n");
            WaitForLines(10_001);
            Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalSeconds, 0, 8);
            stopped.Set();
            Until("9999 ");
        }
        hang.Join();
        Assert.Contains(Stored(), text => text.Contains("were overwritten in RAM"));
    }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var writer in _writers) writer.Dispose();
        _folder?.Dispose();
        Directory.Delete(_logs, true);
    }

    private string? Start(FileDescriptor socket, FileDescriptor folder, StoreLimits limits)
    {
        if (!_mayStart) return "not now";
        Sys.Duplicate(socket, out var ours).ThrowIfError("dup");
        Sys.Duplicate(folder, out var place).ThrowIfError("dup");
        var thread = new LoopThread();
        _writers.Add(thread);
        _writerEnd = ours;
        _process = thread.Call(() => new StoreProcess(thread.Loop, ours, place, limits, "1a2b3c4d000000000000000000000000", place.Dispose, compresses: false));
        return null;
    }

    // All at once, as SIGKILL: what it had read and not written is gone.
    private void KillWriter()
    {
        SyslogThread.Until(() => Server.Files!.IsReady, "the writer is there");
        var process = _process!;
        _writers[^1].Call(process.Kill);
    }

    private void Claim()
    {
        Sys.Open(_logs, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out _folder).ThrowIfError("open");
        Send();
    }

    private void ClaimAtHello() => Send();

    private void Send() => ManagerThread.Call(() =>
    {
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        Sys.Send(Hub.Channel, ChannelMessage.StoreFolder(_limits).Encode(buffer), _folder).ThrowIfError("send");
    });

    private void Until(string last)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (Stored() is var stored && !stored.Exists(text => text.StartsWith(last, StringComparison.Ordinal)))
        {
            if (DateTime.UtcNow > deadline) throw new TimeoutException($"'{last}' is not in the file: {string.Join('|', stored.TakeLast(5))}");
            Thread.Sleep(5);
        }
    }

    private List<string> Stored()
    {
        var texts = new List<string>();
        byte[] scratch = new byte[StoreLine.Longest];
        foreach (string path in Directory.GetFiles(_logs).Order(StringComparer.Ordinal))
            foreach (string line in File.ReadAllText(path, Encoding.Latin1).Split('\n'))
                if (StoreLine.TryParse(Encoding.Latin1.GetBytes(line), scratch, out var entry)) texts.Add(Encoding.UTF8.GetString(entry.Text));
        return texts;
    }
}
