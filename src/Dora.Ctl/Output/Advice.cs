using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>What an operator can do about a service that is not as it should be; from what programs can tell, never from the words of the cause.</summary>
internal static class Advice
{
    /// <summary>Null where nothing has to be done.</summary>
    public static string? For(ServiceStatus status)
    {
        string name = status.Name;
        if (status.Problems is [var problem, ..])
            return $"mend {problem.File}, check it with 'dora service check {problem.File}', then 'dora service reload'";
        if (status.State == ServiceStates.Masked) return null; // by what, and how that is taken back, is its cause
        if (status is { State: ServiceStates.Stopped, Pinned: "down" }) return $"'dora service unpin {name}' lets go of it";
        if (status.State == ServiceStates.Waiting) return status.Needs is [var only] ? $"'dora service status {only}' tells why that is not up" : $"'dora service tree {name}' shows what is not up";
        if (status.Health is { } health && health != "healthy") return Unhealthy(status);
        if (status is { Name: "syslog", State: ServiceStates.Stopped, Result: null or ServiceResults.Success }) return "'dora service start syslog': nothing is logged until then";
        bool isDown = status.State is ServiceStates.Failed or ServiceStates.Backoff or ServiceStates.Stopped;
        return isDown ? AfterResult(status) : null;
    }

    private static string? AfterResult(ServiceStatus status)
    {
        string name = status.Name, file = status.File.Length > 0 ? status.File : "its file";
        string program = status.Command is [var first, ..] ? first : "its program";
        return status.Result switch
        {
            null or ServiceResults.Success => null,
            ServiceResults.ExecFailed => status.Errno switch
            {
                nameof(Errno.ENOENT) => $"see whether {program} is there, and the interpreter that it names; its path is 'command' in {file}",
                nameof(Errno.EACCES) => $"see whether its user may execute {program}: its mode, the folders above, a noexec mount",
                nameof(Errno.ENOEXEC) => $"{program} is no program of this machine; a script needs #! and its interpreter in the first line",
                _ => $"see whether {program} is a program that can be executed; it is 'command' in {file}",
            },
            ServiceResults.LaunchFailed => $"the cause names the step that failed: look for what it names in {file}, then 'dora service restart {name}'",
            ServiceResults.PreStart => $"its pre-start has failed, and its lines are in the log: run it by hand, or mend 'pre-start' in {file}",
            ServiceResults.Dependency => status.Needs is [var only]
                ? $"'dora service status {only}' tells why that failed; start {name} when it is mended"
                : $"'dora service tree {name}' shows what has failed; start {name} when it is mended",
            ServiceResults.Timeout => $"see in its log what it waits for; if it only needs longer, raise 'start-timeout' in {file}",
            ServiceResults.StopTimeout => $"see in its log what it was at; if it only needs longer, raise 'stop-timeout' in {file}, or name another 'stop-signal'",
            ServiceResults.Oom => $"raise 'memory.max' below 'cgroup' in {file} (or in that of its slice), or see with 'dora top' who takes the memory",
            ServiceResults.ExitCode => $"its last lines tell more (all of them: 'dora log {name}'); when it is mended, 'dora service start {name}'",
            ServiceResults.Signal => AfterSignal(status.LastExit?.Signal, name, file),
            ServiceResults.Watchdog => $"it gave no sign of life in time: see its log; if it only needs longer, raise 'watchdog' in {file}",
            ServiceResults.Unhealthy => Unhealthy(status),
            ServiceResults.Protocol => $"it ended before it was ready: it may go to the background by itself (run it in the foreground), or 'notify' in {file} does not fit it",
            ServiceResults.Unkillable => "its processes hang in the kernel, on a disk or file system that does not answer: see 'dora log'; only a reboot ends them",
            ServiceResults.Unseen => $"nobody saw how it ended; its log may tell: 'dora log {name}'",
            _ => $"see its log: 'dora log {name}'",
        };
    }

    private static string AfterSignal(int? signal, string name, string file) => signal switch
    {
        Libc.SIGSEGV or Libc.SIGABRT or Libc.SIGBUS or Libc.SIGILL or Libc.SIGFPE => $"a defect of the program, which its last lines may tell about: 'dora log {name}'",
        Libc.SIGSYS => $"it made a system call that it may not: see 'seccomp' in {file}",
        Libc.SIGKILL => "somebody has killed it from outside: 'dora log' has what the kernel and others did then",
        _ => $"somebody has sent it that signal; if it ends so by itself, add it to 'success' in {file}",
    };

    private static string Unhealthy(ServiceStatus status) =>
        $"run its health check by hand ('health' in {(status.File.Length > 0 ? status.File : "its file")}), and see 'dora log {status.Name}'";
}
