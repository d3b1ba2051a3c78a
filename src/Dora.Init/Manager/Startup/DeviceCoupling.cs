using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.State;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// Devices get their drivers in a process of its own (the role `init devices`), because inserting a module takes as
/// long as its driver likes: some take longer than all else that boot does, and the first connection to sshd would
/// wait for them.
///
/// When it cannot be started, the manager does its work. When it hangs in a driver, start-up is over without it after
/// <see cref="s_limit"/>. A manager that is killed meanwhile does not know how it went: the next one starts it again,
/// and what is loaded already costs nothing.
/// </summary>
internal sealed class DeviceCoupling(EventLoop loop, KernelCommandLine commandLine, Action<SavedStage> done)
{
    private const string StageName = "devices coupled";

    /// <summary>What it has to say, from the process to the manager.</summary>
    private const string ReportPath = "/run/dora/devices";

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private TimeSpan _start;
    private LoopTimer? _timer;
    private int _pid;

    public bool IsRunning => _timer is not null;

    public void Start()
    {
        _start = Sys.TimeSinceBoot();
        _ = Sys.Unlink(ReportPath);
        var result = Launcher.Launch(new LaunchPlan
        {
            Name = StageName,
            Program = Program.OwnPath,
            Arguments = ["init", "devices"],
            Environment = [],
            Steps = [new("start a session", SystemCall.setsid, false)],
            AsSibling = true,
        });
        if (result.Succeeded)
        {
            _pid = result.Pid;
            _timer = loop.After(s_limit, StageName, GiveUp);
            return;
        }
        Log.Warn($"start-up: {result.Failure}: the manager does it");
        Complete(Couple(commandLine));
    }

    /// <summary>Whether the process that has ended was this one.</summary>
    public bool HasEnded(int pid, string how)
    {
        if (pid != _pid || pid == 0) return false;
        _pid = 0;
        string? report = Sys.ReadText(ReportPath);
        if (report is null) Log.Error($"start-up: {StageName}: {how}");
        if (IsRunning) Complete(report ?? $"failed: {how}");
        return true;
    }

    private void GiveUp()
    {
        Log.Error($"start-up: {StageName}: process {_pid} hangs in a driver: not waiting for it any more");
        Complete($"failed: not done after {s_limit.TotalSeconds} s");
    }

    private void Complete(string detail)
    {
        _timer?.Cancel();
        _timer = null;
        done(new SavedStage(StageName, "manager", _start, Sys.TimeSinceBoot(), detail));
    }

    /// <summary>The role. Its descriptors are the manager's streams; it knows nothing of guard or services.</summary>
    public static int RunProcess()
    {
        var errno = Sys.WriteFile(ReportPath, Couple(KernelCommandLine.Read()), Libc.O_CREAT | Libc.O_TRUNC);
        if (errno == Errno.None) return 0;
        Log.Warn($"start-up: write {ReportPath}: {errno.Describe()}");
        return 1;
    }

    private static string Couple(KernelCommandLine commandLine)
    {
        Log.IsDebug = commandLine.Debug;
        try
        {
            return DevicesCoupled.Run(commandLine);
        }
        catch (LinuxException exception)
        {
            Log.Error($"start-up: {StageName}: {exception.Message}");
            return $"failed: {exception.Message}";
        }
    }
}
