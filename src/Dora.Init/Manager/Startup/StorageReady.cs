using System.Globalization;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;
using Dora.Init.Storage.Mounting;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// The machine's storage is mounted at /data, or it is known why not. The work is done by a process (`init storage boot`), for
/// a disk may never answer; it is waited for, because /etc and all else that is written lies there from the first service on.
///
/// It has pandora.storage_timeout. For work that is known to take longer (a check of a damaged file system, a passphrase
/// that somebody has to type) it says so, by a line <c>wait SECONDS REASON</c>, and gets that time. After that it is killed and boot
/// goes on in RAM: a login is worth more than storage.
/// </summary>
internal static class StorageReady
{
    private static readonly TimeSpan s_dying = TimeSpan.FromSeconds(1), s_longest = TimeSpan.FromMinutes(10);

    public static string Run(KernelCommandLine commandLine)
    {
        if (MountTable.TypeAt(StorageMount.Target) is { } type) return $"mounted before: {type}";
        Sys.Pipe(out var readEnd, out var writeEnd, Libc.O_CLOEXEC | Libc.O_NONBLOCK).ThrowIfError("pipe");
        using (readEnd)
        {
            int pid = Launch(writeEnd);
            var lines = new Lines(readEnd);
            var end = Sys.TimeSinceBoot() + commandLine.StorageTimeout;
            var last = Sys.TimeSinceBoot() + s_longest;
            while (lines.Next(end < last ? end : last))
                if (lines.Current.StartsWith("wait ", StringComparison.Ordinal)) end = Longer(lines.Current, end);
            return End(pid, lines, commandLine);
        }
    }

    private static int Launch(FileDescriptor output)
    {
        using (output)
        {
            Sys.SetBlocking(output).ThrowIfError("fcntl");
            Sys.Duplicate(output, out var copy, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
            using (copy)
            {
                var builder = new LaunchPlanBuilder("storage", ["init", "storage", "boot"], Program.OwnPath).StandardStreams(copy, copy, copy);
                var launched = Launcher.Launch(builder.Directory("/").Build(asSibling: false));
                return launched.Succeeded ? launched.Pid : throw new InvalidOperationException(launched.Failure);
            }
        }
    }

    private static TimeSpan Longer(string line, TimeSpan end)
    {
        string[] words = line.Split(' ', 3);
        if (words.Length < 3 || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int seconds)) return end;
        // Who asks a person has his own words on the console.
        if (words[2].Length > 0) Log.Announce($"storage: {words[2]} (for at most {seconds} s)");
        return Sys.TimeSinceBoot() + TimeSpan.FromSeconds(seconds);
    }

    private static string End(int pid, Lines lines, KernelCommandLine commandLine)
    {
        if (!lines.IsClosed)
        {
            _ = Sys.Kill(pid, Libc.SIGKILL);
            Log.Error($"start-up: storage: not ready within {commandLine.StorageTimeout.TotalSeconds:0} s (pandora.storage_timeout): this boot keeps everything in RAM");
        }
        var deadline = Sys.TimeSinceBoot() + s_dying;
        GuardRecord exit;
        while (!Reaper.TryReap(pid, out exit))
        {
            var left = deadline - Sys.TimeSinceBoot();
            // It waits for a disk: nothing ends it. Whoever is left behind comes to PID 1 when this process is gone.
            if (left <= TimeSpan.Zero) return $"failed: a disk does not answer: process {pid} is left behind";
            _ = Sys.WaitForSignals([Libc.SIGCHLD], left);
        }
        return !lines.IsClosed ? $"failed: not done within {commandLine.StorageTimeout.TotalSeconds:0} s"
            : exit is { Code: Libc.CLD_EXITED, Status: 0 } ? lines.Current
            : $"failed: process {pid} ended with {(exit.Code == Libc.CLD_EXITED ? "code" : "signal")} {exit.Status}: {lines.Current}";
    }

    /// <summary>What the process says, line by line.</summary>
    private sealed class Lines(FileDescriptor from)
    {
        private readonly byte[] _buffer = new byte[4096];
        private int _length;

        public string Current { get; private set; } = "";

        /// <summary>It has closed its end: nothing more will come.</summary>
        public bool IsClosed { get; private set; }

        /// <summary>False at the end, and when there is no line in time.</summary>
        public bool Next(TimeSpan deadline)
        {
            while (true)
            {
                int end = _buffer.AsSpan(0, _length).IndexOf((byte)'\n');
                if (end < 0 && _length == _buffer.Length) end = _length - 1; // too long: cut
                if (end >= 0)
                {
                    Current = Encoding.UTF8.GetString(_buffer, 0, end);
                    _buffer.AsSpan(end + 1, _length - end - 1).CopyTo(_buffer);
                    _length -= end + 1;
                    return true;
                }
                if (Sys.WaitReadable(from, deadline) != Errno.None) return false;
                var errno = Sys.Read(from, _buffer.AsSpan(_length), out int count);
                if (errno == Errno.EAGAIN) continue;
                if (errno == Errno.None && count > 0) _length += count;
                else
                {
                    IsClosed = true;
                    return false;
                }
            }
        }
    }
}
