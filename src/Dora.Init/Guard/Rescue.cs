using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// The way in when the manager cannot stay up: a shell on the console, and sshd as a plain daemon. Needs nothing but
/// the programs themselves. SIGHUP to PID 1 ends it and tries the manager again.
/// </summary>
internal sealed class Rescue
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_withoutConsole = TimeSpan.FromSeconds(10);
    private static readonly string[] s_shell = ["/bin/sh", "-l"];
    private readonly List<(int Pid, string[] Command, bool OnConsole)> _processes = [];

    public bool IsActive { get; private set; }

    /// <summary>When the shell is to be started again; null while one runs.</summary>
    public TimeSpan? NextStart { get; private set; }

    public void Start(DescriptorStore store)
    {
        IsActive = true;
        Log.Error("guard: the manager does not stay up: rescue shell on the console, sshd on port 22; "
            + "`kill -HUP 1` tries the manager again, `poweroff` and `reboot` work");
        store.CloseSockets(); // sshd needs the port that a held socket has
        _ = Sys.MakeDirectories("/run/sshd", 0x1ED);
        Launch(s_shell, onConsole: true);
        Launch(["/bin/sh", "-c", "/usr/lib/dora/make-host-key; exec /usr/sbin/sshd -D"], onConsole: false);
    }

    public void Stop()
    {
        IsActive = false;
        NextStart = null;
        foreach (var process in _processes) _ = Sys.Kill(process.Pid, Libc.SIGKILL);
        _processes.Clear();
    }

    /// <summary>
    /// A shell that was left is started again; the console is never without one. After a pause: on a console that
    /// nobody can read from it ends at once, and PID 1 would do nothing else.
    /// </summary>
    public void Ended(int pid)
    {
        int index = _processes.FindIndex(process => process.Pid == pid);
        if (index < 0 || !IsActive || Ending.HasBegun) return;
        if (_processes[index].OnConsole) NextStart = Sys.TimeSinceBoot() + s_pause;
        _processes.RemoveAt(index);
    }

    public void MeetDeadline(TimeSpan now)
    {
        if (!IsActive || NextStart is not { } at || now < at) return;
        NextStart = null;
        Launch(s_shell, onConsole: true);
    }

    private void Launch(string[] command, bool onConsole)
    {
        string path = onConsole ? "/dev/console" : "/dev/null";
        var errno = Sys.Open(path, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var opened);
        if (errno != Errno.None)
        {
            Log.Error($"rescue: open {path}: {errno.Describe()}");
            if (onConsole) NextStart = Sys.TimeSinceBoot() + s_withoutConsole;
            return;
        }
        using (opened)
        {
            _ = Sys.SetBlocking(opened);
            errno = Sys.Duplicate(opened, out var stream, LaunchPlanBuilder.SourceFloor);
            if (errno != Errno.None) return;
            using (stream)
            {
                var builder = new LaunchPlanBuilder("rescue", command).Variable("HOME", "/root").Variable("TERM", "linux");
                if (onConsole) builder.Terminal(stream, path);
                else builder.StandardStreams(stream, stream, stream);
                var result = Launcher.Launch(builder.Directory("/").Build(asSibling: false));
                if (result.Succeeded) _processes.Add((result.Pid, command, onConsole));
                else Log.Error(result.Failure!);
            }
        }
    }
}
