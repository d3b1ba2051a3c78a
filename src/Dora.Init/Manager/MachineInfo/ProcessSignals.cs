using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;
using Dora.Init.Manager.Control;
using Dora.Core.Protocol;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// A signal to a process that somebody has seen in a list. By then its number may be another's: so the process is held by
/// a pidfd first, looked at second, and signalled through the pidfd. Nothing here waits.
/// </summary>
internal static class ProcessSignals
{
    public static SignalOutcome Send(string root, int pid, int signal, long? startedMs)
    {
        if (pid == 1) return Protected("1: is init's guard, which keeps the machine running; 'dora reboot' ends the machine");
        if (pid == Libc.getpid()) return Protected($"{pid.ToString()}: is init's manager, which answers this");
        var errno = Sys.OpenProcess(pid, out var process);
        // ENOENT since Linux 6.9, EINVAL before: the number of a thread.
        if (errno is Errno.EINVAL or Errno.ENOENT or Errno.ESRCH) return NotFound(pid);
        if (errno != Errno.None) return new SignalOutcome(null, 503, "machine.failed", $"{pid.ToString()}: pidfd_open: {errno.Describe()}");
        using (process)
        {
            string folder = $"{root}/proc/{pid.ToString()}";
            if (ProcessReader.Stat(folder) is not { } stat) return NotFound(pid);
            if (stat.IsKernel) return Protected($"{pid.ToString()}: is a thread of the kernel ({stat.Name})");
            if (startedMs is { } started && started != stat.StartedMs)
                return new SignalOutcome(null, 409, "process.other", $"{pid.ToString()}: is another process by now: {stat.Name}, started {stat.StartedMs.ToString()} ms after boot and not {started.ToString()}");
            errno = Sys.SignalProcess(process, signal);
            if (errno == Errno.ESRCH) return NotFound(pid);
            if (errno != Errno.None) return new SignalOutcome(null, 409, "process.refused", $"{pid.ToString()}: {errno.Describe()}");
            Span<byte> name = stackalloc byte[256];
            int length = CgroupPath.ServiceOf(pid, name);
            return new SignalOutcome(new ProcessSignal
            {
                Pid = pid,
                Name = stat.Name,
                Signal = SignalName.Of(signal),
                Service = length > 0 ? System.Text.Encoding.UTF8.GetString(name[..length]) : null,
            });
        }
    }

    private static SignalOutcome Protected(string message) => new(null, 409, "process.protected", message);

    private static SignalOutcome NotFound(int pid) => new(null, 404, "process.not-found", $"{pid.ToString()}: there is no such process");
}
