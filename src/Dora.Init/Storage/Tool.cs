using System.Text;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;

namespace Dora.Init.Storage;

/// <summary>
/// A program that does a part of the work (smartctl, btrfs), run to its end or its limit by a process that may wait: a
/// helper, never the manager. What it writes to both streams is kept, at most <see cref="MostBytes"/>.
/// </summary>
/// <param name="ExitCode">Its exit code; -1 where it did not end by itself.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Failure">Why it did not run, or not to its end.</param>
/// <param name="Errno">With a failure: ENOENT where there is no such program, ETIMEDOUT where it took too long.</param>
internal readonly record struct Tool(int ExitCode, string Output, string? Failure, Errno Errno)
{
    private const int MostBytes = 1 << 20, AlarmReserveSeconds = 60;
    private static readonly TimeSpan s_afterItsOutput = TimeSpan.FromSeconds(5);

    /// <param name="limit">How long it may take; also the alarm of this process is set to that.</param>
    /// <param name="command">The program, looked for in PATH, and its arguments.</param>
    /// <param name="tick">Called again and again while it runs.</param>
    /// <param name="everySeconds">How often.</param>
    public static Tool Run(TimeSpan limit, string[] command, Action? tick = null, int everySeconds = 2)
    {
        Sys.Pipe(out var output, out var writeEnd).ThrowIfError("pipe");
        using var reading = output;
        int pid;
        using (writeEnd)
        {
            Sys.Open("/dev/null", Libc.O_RDONLY, 0, out var nothing).ThrowIfError("open", "/dev/null");
            using var closed = nothing;
            Sys.Duplicate(nothing, out var input, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
            using var stdin = input;
            Sys.Duplicate(writeEnd, out var both, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
            using var stdout = both;
            var launched = Launcher.Launch(new LaunchPlanBuilder(command[0], command).StandardStreams(input, both, both).Variable("LC_ALL", "C").Directory("/").Build(asSibling: false));
            if (!launched.Succeeded) return new Tool(-1, "", launched.Failure, launched.Errno);
            pid = launched.Pid;
        }
        var end = Sys.TimeSinceBoot() + limit;
        Sys.Alarm((int)Math.Min(limit.TotalSeconds + AlarmReserveSeconds, int.MaxValue));
        byte[] text = new byte[4096];
        int length = 0;
        while (true)
        {
            var next = tick is null ? end : Sys.TimeSinceBoot() + TimeSpan.FromSeconds(everySeconds);
            if (Sys.WaitReadable(output, next < end ? next : end) == Errno.ETIMEDOUT)
            {
                if (Sys.TimeSinceBoot() >= end) return Overdue(command[0], pid, limit, Encoding.UTF8.GetString(text, 0, length));
                tick?.Invoke();
                continue;
            }
            if (length == text.Length && length < MostBytes) Array.Resize(ref text, length * 2);
            // What is too much is read and dropped: the program must not wait for us.
            var room = length < text.Length ? text.AsSpan(length) : new byte[4096];
            if (Sys.Read(output, room, out int count) != Errno.None || count == 0) break;
            if (length < text.Length) length += count;
        }
        Sys.Alarm(StorageHelper.StepSeconds);
        string said = Encoding.UTF8.GetString(text, 0, length);
        // It has closed its output, and ends now; a child of its own that holds it would have kept us above.
        if (Sys.OpenProcess(pid, out var process) == Errno.None)
            using (process) _ = Sys.WaitReadable(process, Sys.TimeSinceBoot() + s_afterItsOutput);
        return !Reaper.TryReap(pid, out var exit) ? Overdue(command[0], pid, limit, said)
            : exit.Code == Libc.CLD_EXITED ? new Tool(exit.Status, said, null, Errno.None)
            : new Tool(-1, said, $"{command[0]}: killed by signal {exit.Status}", Errno.EINTR);
    }

    // In the kernel it may hang beyond SIGKILL: whoever reaps orphans gets it.
    private static Tool Overdue(string program, int pid, TimeSpan limit, string said)
    {
        _ = Sys.Kill(pid, Libc.SIGKILL);
        Sys.Alarm(StorageHelper.StepSeconds);
        return new Tool(-1, said, $"{program}: not done within {limit.TotalSeconds} s", Errno.ETIMEDOUT);
    }
}
