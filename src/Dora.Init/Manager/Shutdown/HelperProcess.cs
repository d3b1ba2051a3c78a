using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;

namespace Dora.Init.Manager.Shutdown;

/// <summary>
/// A child of the manager that does one thing which may block (`init helper ...`, HelperRole), with a limit: what it
/// says on its standard output is its answer. A manager that dies leaves it to PID 1, which reaps it like any orphan.
/// </summary>
internal sealed class HelperProcess : IDisposable
{
    private const int LongestAnswer = 4096;
    private static readonly TimeSpan s_longestReapInterval = TimeSpan.FromSeconds(5);
    private readonly EventLoop _loop;
    private readonly string _name;
    private readonly int _pid;
    private readonly FileDescriptor _output;
    private readonly Watch _watch;
    private readonly LoopTimer _limit;
    private readonly byte[] _answer = new byte[LongestAnswer];
    private readonly Action<string> _ended;
    private int _length;
    private bool _isOver;

    private HelperProcess(EventLoop loop, string name, int pid, FileDescriptor output, TimeSpan limit, Action<string> ended)
    {
        _loop = loop;
        _name = name;
        _pid = pid;
        _output = output;
        _ended = ended;
        _watch = loop.Watch(output, Libc.EPOLLIN, name, _ => Read());
        _limit = loop.After(limit, name, () => End($"{name}: not done within {limit.TotalSeconds} s"));
    }

    /// <summary>
    /// Starts it; <paramref name="passed"/> becomes its descriptor 3. <paramref name="ended"/> is called once, later,
    /// with what it said, which is empty or begins with <c>error: </c> where it failed. What it reads from its standard
    /// input is <paramref name="input"/>, if there is one.
    /// </summary>
    public static HelperProcess Start(EventLoop loop, string name, IReadOnlyList<string> arguments, FileDescriptor? passed, TimeSpan limit, Action<string> ended,
        FileDescriptor? input = null)
    {
        Sys.Pipe(out var readEnd, out var writeEnd, Libc.O_NONBLOCK).ThrowIfError("pipe");
        using (writeEnd)
        {
            Sys.SetBlocking(writeEnd).ThrowIfError("fcntl");
            Sys.Duplicate(writeEnd, out var output, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
            using (output)
            {
                var builder = new LaunchPlanBuilder(name, ["init", "helper", .. arguments], Program.OwnPath);
                FileDescriptor? read = null;
                if (input is not null) Sys.Duplicate(input, out read, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
                using var inputCopy = read;
                builder.StandardStreams(read ?? output, output, output);
                FileDescriptor? file = null;
                if (passed is not null)
                {
                    Sys.Duplicate(passed, out file, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
                    builder.Pass("file", file);
                }
                using (file)
                {
                    var launched = Launcher.Launch(builder.Directory("/").Build(asSibling: false));
                    if (launched.Succeeded) return new HelperProcess(loop, name, launched.Pid, readEnd, limit, ended);
                    readEnd.Dispose();
                    throw new InvalidOperationException(launched.Failure);
                }
            }
        }
    }

    /// <summary>What it has said so far.</summary>
    public string Said => Encoding.UTF8.GetString(_answer, 0, _length);

    /// <summary>Called when it has said more, and goes on.</summary>
    public Action? Spoke { get; set; }

    /// <summary>It may take as long as it likes from here on.</summary>
    public void LiftLimit() => _limit.Cancel();

    private void Read()
    {
        bool isMore = false;
        while (true)
        {
            var errno = Sys.Read(_output, _answer.AsSpan(_length), out int count);
            if (errno == Errno.EAGAIN)
            {
                if (isMore) Spoke?.Invoke();
                return;
            }
            if (errno == Errno.None && count > 0)
            {
                isMore = true;
                _length += count;
                if (_length < LongestAnswer) continue;
            }
            End(null);
            return;
        }
    }

    private void End(string? failure)
    {
        if (_isOver) return;
        Dispose();
        _ended(failure is null ? Encoding.UTF8.GetString(_answer, 0, _length).Trim() : "error: " + failure);
    }

    /// <summary>Whoever waits for the answer does not want it any more.</summary>
    public void Dispose()
    {
        if (_isOver) return;
        _isOver = true;
        _loop.Unwatch(_watch);
        _output.Dispose();
        _limit.Cancel();
        _ = Sys.Kill(_pid, Libc.SIGKILL); // ours until it is reaped: the pid cannot be another's
        Reap(TimeSpan.FromMilliseconds(20));
    }

    /// <summary>Ever more seldom: one that waits for a dead disk cannot be ended even by SIGKILL, perhaps for days.</summary>
    private void Reap(TimeSpan interval)
    {
        if (Reaper.TryReap(_pid, out _)) return;
        var next = interval * 2;
        _loop.After(interval, _name, () => Reap(next < s_longestReapInterval ? next : s_longestReapInterval));
    }
}
