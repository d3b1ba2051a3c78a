using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.Control;

namespace Dora.Init.Manager.Shutdown;

/// <summary>What the API asks about the end of the machine and the replacement of init: checked here, done by others.</summary>
internal sealed class MachineVerbs(EventLoop loop, GuardLink guard, MachineEnding ending, ScheduledEnd scheduled, Changes changes)
{
    private const string MediumKernel = "/run/dora/medium/boot/vmlinuz", MediumInitramfs = "/run/dora/medium/boot/initramfs.img";
    private static readonly TimeSpan s_loadLimit = TimeSpan.FromSeconds(30), s_prepareLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_answerTime = TimeSpan.FromMilliseconds(100);

    /// <summary>What became of the last upgrade.</summary>
    public string? LastUpgrade { get; set; }

    public MachineStatus Status() => State() with { LastUpgrade = LastUpgrade, Now = Moment.At(EventLoop.Now, DateTime.UtcNow) };

    /// <summary>The same without the clock and the last upgrade: it changes only when an end is planned, begins or moves on.</summary>
    public MachineStatus State()
    {
        if (ending.End is { } end)
        {
            return new MachineStatus
            {
                State = MachineStatus.Ending, Verb = VerbOf(end), By = ending.By, Phase = ending.Phase, LimitMs = (long)ending.Limit.TotalMilliseconds,
                At = Moment.At(ending.Since, DateTime.UtcNow - (EventLoop.Now - ending.Since)), WaitsFor = ending.WaitsFor(),
            };
        }
        if (scheduled.End is not { } later) return new MachineStatus { State = MachineStatus.Running };
        return new MachineStatus
        {
            State = MachineStatus.Scheduled, Verb = VerbOf(later), By = scheduled.By, At = scheduled.At,
            Message = scheduled.Message.Length > 0 ? scheduled.Message : null,
        };
    }

    /// <summary>Answers through <paramref name="then"/>: at once, or, when it is not null, before what it returns is disposed.</summary>
    public IDisposable? End(MachineEnd end, EndMachineRequest request, string asker, Action<ControlResult> then)
    {
        if (Problem(end, request, out var delay, out var wall) is { } problem)
        {
            then(ControlResult.Refused(Refusal.Malformed, "request.body", problem));
            return null;
        }
        if (end != MachineEnd.KernelExec || (ending.End == end && request.Force))
        {
            then(Ask(end, request, asker, delay, wall));
            return null;
        }

        // A kernel given without an initramfs has none; without a kernel both come from the boot medium.
        string kernel = request.Kernel ?? MediumKernel, initramfs = request.Initramfs ?? (request.Kernel is null ? MediumInitramfs : "");
        string commandLine = request.CommandLine ?? (Sys.ReadText("/proc/cmdline") ?? "").TrimEnd();
        return HelperProcess.Start(loop, "kexec", ["load-kernel", kernel, initramfs, commandLine], null, s_loadLimit, answer =>
        {
            if (answer == "loaded") then(Ask(end, request, asker, delay, wall));
            else if (request.OrReboot)
            {
                Log.Warn($"manager: kexec: {Why(answer)}: rebooting through the firmware instead");
                then(Ask(MachineEnd.Reboot, request, asker, delay, wall));
            }
            else then(ControlResult.Refused(Refusal.Conflict, "machine.kexec", $"kexec: {Why(answer)}"));
        });
    }

    private static string? Problem(MachineEnd end, EndMachineRequest request, out TimeSpan delay, out DateTime? wall)
    {
        delay = default;
        wall = null;
        if (end != MachineEnd.KernelExec && (request.Kernel ?? request.Initramfs ?? request.CommandLine) is not null)
            return "kernel, initramfs and commandLine are for kexec";
        if ((request.Kernel ?? "/")[..1] != "/" || (request.Initramfs ?? "/")[..1] != "/") return "kernel and initramfs are absolute paths";
        if (request.Message is { Length: > 200 }) return "message: 200 characters are the most";
        if (request is { In: null, At: null }) return null;
        if (request is { In: not null, At: not null }) return "in and at: one of them";
        if (request.Force) return "force is for now, not for later";
        if (request.In is { } text) return EndTime.TryParseIn(text, out delay, out string reason) ? null : $"in: {Printed(text)}: {reason}";
        if (!EndTime.TryParseAt(request.At!, DateTime.UtcNow, out var at, out string why)) return $"at: {Printed(request.At!)}: {why}";
        wall = at;
        delay = at - DateTime.UtcNow;
        return null;
    }

    private static string Printed(string text) => Dora.Core.Configuration.Printable.Text(text);

    private ControlResult Ask(MachineEnd end, EndMachineRequest request, string asker, TimeSpan delay, DateTime? wall)
    {
        string message = request.Message is { } said ? Printed(said) : "";
        if (request.In is not null || wall is not null)
        {
            if (ending.End is not null) return ControlResult.Refused(Refusal.Conflict, "machine.ending", ending.Describe());
            string scheduledId = changes.Begin(VerbOf(end), null, null, _ => false);
            scheduled.Set(end, delay, wall, message, asker);
            changes.End(scheduledId);
            return ControlResult.Accepted(scheduledId);
        }

        // After the answer is on its way: the client is a session that is stopped among the first.
        string by = message.Length > 0 ? $"{asker} ({message})" : asker;
        if (ending.Request(end, request.Force, by, s_answerTime) is { } refusal) return ControlResult.Refused(Refusal.Conflict, "machine.ending", refusal);
        return ControlResult.Accepted(changes.Begin(VerbOf(end), null, null, _ => false));
    }

    public ControlResult Cancel(string asker)
    {
        if (ending.End is not null) return ControlResult.Refused(Refusal.Conflict, "machine.ending", $"it is too late: {ending.Describe()}");
        if (!scheduled.Cancel(asker)) return ControlResult.Refused(Refusal.Conflict, "machine.not-scheduled", "no end of the machine is scheduled");
        string id = changes.Begin("cancel", null, null, _ => false);
        changes.End(id);
        return ControlResult.Accepted(id);
    }

    /// <summary>Checks the program at <paramref name="path"/>; if it is an init, the guard is asked to replace us by it.</summary>
    public IDisposable? Upgrade(string path, Action<ControlResult> then)
    {
        if (path.Length == 0 || path[0] != '/')
        {
            then(ControlResult.Refused(Refusal.Malformed, "request.parameter", "path: an absolute path is expected"));
            return null;
        }
        if (ending.End is not null)
        {
            then(ControlResult.Refused(Refusal.Conflict, "machine.ending", ending.Describe()));
            return null;
        }
        Sys.MakeMemoryFile("init", out var copy).ThrowIfError("memfd_create");
        try
        {
            return HelperProcess.Start(loop, "upgrade", ["prepare", path], copy, s_prepareLimit, answer =>
            {
                using (copy) then(Replace(path, copy, answer));
            });
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    private ControlResult Replace(string path, FileDescriptor copy, string answer)
    {
        if (!answer.StartsWith(HelperRole.VersionPrefix, StringComparison.Ordinal))
            return ControlResult.Refused(Refusal.Conflict, "init.unsuitable", $"upgrade: {(answer.StartsWith("error: ", StringComparison.Ordinal) ? Why(answer) : $"{path}: it is no init of Pandora")}");
        if (ending.End is not null) return ControlResult.Refused(Refusal.Conflict, "machine.ending", ending.Describe());
        // The file that executes must not be open for writing (ETXTBSY): from here on it is read only.
        var errno = Sys.Open($"/proc/self/fd/{copy.Number}", Libc.O_RDONLY, 0, out var executable);
        if (errno != Errno.None) return ControlResult.Refused(Refusal.Conflict, "init.unsuitable", $"upgrade: {errno.Describe()}");
        copy.Dispose();
        string id = changes.Begin("upgrade", null, null, _ => false);
        Log.Info($"manager: upgrade to {path} ({answer})");
        loop.After(s_answerTime, "upgrade", () =>
        {
            using (executable) guard.Upgrade(path, executable);
            loop.Stop();
        });
        return ControlResult.Accepted(id);
    }

    private static string Why(string answer) => answer.StartsWith("error: ", StringComparison.Ordinal) ? answer["error: ".Length..] : Printed(answer);

    private static string VerbOf(MachineEnd end) => end switch
    {
        MachineEnd.KernelExec => "kexec",
        MachineEnd.SoftReboot => "soft-reboot",
        _ => end.ToString().ToLowerInvariant(),
    };
}
