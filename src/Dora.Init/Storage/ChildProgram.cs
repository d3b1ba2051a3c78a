using System.Text;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;

namespace Dora.Init.Storage;

/// <summary>
/// Another program, run to its end by a process that may block: mkfs, fsck, cryptsetup. It has a limit; one that is not
/// done by then is killed, and if it waits for a disk that does not answer even that is not waited for.
/// </summary>
internal static class ChildProgram
{
    private const int LongestWords = 16 * 1024;
    private static readonly TimeSpan s_dying = TimeSpan.FromSeconds(1), s_tick = TimeSpan.FromSeconds(2);

    /// <param name="Code">Its exit code; 128 + N after signal N; -1 where it did not run or did not end.</param>
    /// <param name="Said">What it wrote to stdout and stderr, at most the first 16 KiB.</param>
    /// <param name="Failure">Why it did not run or did not end, in words.</param>
    /// <param name="Errno">With a failure: ENOENT where there is no such program, ETIMEDOUT where it took too long.</param>
    internal readonly record struct Outcome(int Code, string Said, string? Failure = null, Errno Errno = Errno.None)
    {
        public bool Succeeded => Code == 0;

        /// <summary>Why it failed, in one line: its own last words, if it had any.</summary>
        public string Describe(string program)
        {
            if (Failure is not null) return Failure;
            string words = Said.Trim();
            words = words[(words.LastIndexOf('\n') + 1)..].Trim();
            return words.Length == 0 ? $"{program}: exit code {Code}" : words.StartsWith(program, StringComparison.Ordinal) ? words : $"{program}: {words}";
        }
    }

    /// <param name="command">Program, looked for in PATH, and arguments.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="input">Its stdin; null: nothing.</param>
    /// <param name="tick">Called every two seconds while it runs and says nothing.</param>
    /// <param name="longest">How many bytes of what it says are kept.</param>
    public static Outcome Run(IReadOnlyList<string> command, TimeSpan limit, FileDescriptor? input = null, Action? tick = null, int longest = LongestWords)
    {
        string name = command[0];
        Sys.Pipe(out var readEnd, out var writeEnd, Libc.O_CLOEXEC).ThrowIfError("pipe");
        using (readEnd)
        {
            var launched = Launch(command, writeEnd, input);
            if (!launched.Succeeded) return new Outcome(-1, "", launched.Failure, launched.Errno);
            var deadline = Sys.TimeSinceBoot() + limit;
            var said = new byte[longest];
            int length = 0;
            // Until it has closed its streams, which is at its end: what it leaves behind in the background is not waited for.
            while (true)
            {
                var next = tick is null ? deadline : Sys.TimeSinceBoot() + s_tick;
                var errno = Sys.WaitReadable(readEnd, next < deadline ? next : deadline);
                if (errno == Errno.ETIMEDOUT && Sys.TimeSinceBoot() < deadline) tick?.Invoke();
                else if (errno != Errno.None || Read(readEnd, said, ref length) <= 0) break;
            }
            return Reap(name, launched.Pid, limit, deadline, Encoding.UTF8.GetString(said, 0, length));
        }
    }

    /// <summary>Started, and neither waited for nor heard: it is PID 1's when this process ends.</summary>
    public static void LeaveBehind(params string[] command)
    {
        Sys.Open("/dev/null", Libc.O_RDWR, 0, out var nothing).ThrowIfError("open", "/dev/null");
        var launched = Launch(command, nothing, null);
        if (!launched.Succeeded) Log.Debug(launched.Failure!);
    }

    private static LaunchResult Launch(IReadOnlyList<string> command, FileDescriptor output, FileDescriptor? input)
    {
        using (output)
        {
            Sys.Open("/dev/null", Libc.O_RDONLY, 0, out var nothing).ThrowIfError("open", "/dev/null");
            using (nothing)
            {
                Sys.Duplicate(input ?? nothing, out var stdin, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
                Sys.Duplicate(output, out var stdout, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
                using (stdin)
                using (stdout)
                    return Launcher.Launch(new LaunchPlanBuilder(command[0], command).StandardStreams(stdin, stdout, stdout).Directory("/").Build(asSibling: false));
            }
        }
    }

    private static int Read(FileDescriptor from, byte[] said, ref int length)
    {
        // What no longer fits is read all the same: the program must not wait for us.
        Span<byte> beyond = stackalloc byte[512];
        bool fits = length < said.Length;
        if (Sys.Read(from, fits ? said.AsSpan(length) : beyond, out int count) != Errno.None) return 0;
        if (fits) length += count;
        return count;
    }

    private static Outcome Reap(string name, int pid, TimeSpan limit, TimeSpan deadline, string said)
    {
        GuardRecord exit;
        bool isKilled = false;
        while (!Reaper.TryReap(pid, out exit))
        {
            var now = Sys.TimeSinceBoot();
            if (now >= deadline)
            {
                if (isKilled) return new Outcome(-1, said, $"{name}: not done within {limit.TotalSeconds:0} s, and cannot be killed: a disk does not answer", Errno.ETIMEDOUT);
                _ = Sys.Kill(pid, Libc.SIGKILL);
                isKilled = true;
                deadline = now + s_dying;
            }
            _ = Sys.WaitForSignals([Libc.SIGCHLD], deadline - now > TimeSpan.Zero ? deadline - now : s_dying);
        }
        if (isKilled) return new Outcome(-1, said, $"{name}: not done within {limit.TotalSeconds:0} s", Errno.ETIMEDOUT);
        return new Outcome(exit.Code == Libc.CLD_EXITED ? exit.Status : 128 + exit.Status, said);
    }
}
