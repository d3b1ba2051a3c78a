using System.Text;
using Dora.Core.Configuration;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

// Commands that are run once.
internal sealed partial class MachineControl
{
    public ControlResult Run(string? name, ReadOnlySpan<byte> text)
    {
        if (WhyNoTransient(name, text.Length) is { } refused) return refused;
        name ??= supervisor.NextTransientName();
        var read = TransientService.Read(name, text);
        if (read.Settings is not { } settings) return Invalid(read);
        supervisor.RunTransient(settings, Encoding.UTF8.GetString(text));
        return ControlResult.Accepted(changes.Begin("run", name, null, state => state.Phase is ServicePhase.Done));
    }

    private static ControlResult Invalid(ServiceFile read)
    {
        var words = new StringBuilder();
        foreach (var problem in read.Problems) words.Append(words.Length == 0 ? "" : "\n").Append(problem);
        return ControlResult.Refused(Refusal.Invalid, "service.invalid", words.ToString());
    }

    private ControlResult? WhyNoTransient(string? name, int length)
    {
        if (supervisor.IsEnding) return ControlResult.Refused(Refusal.Unavailable, "machine.ending", "the machine is being ended");
        if (name is not null && WhyTaken(name) is { } why) return ControlResult.Refused(Refusal.Conflict, "service.exists", $"{name}: {why}");
        return supervisor.HasRoomForTransient(length) ? null
            : ControlResult.Refused(Refusal.Unavailable, "service.too-many", "too many commands are being run: wait until one has ended");
    }

    private string? WhyTaken(string name)
    {
        if (supervisor.Find(name) is { } service)
            return service.TransientText is null ? "there is a service of this name" : Supervisor.IsOver(service) ? null : "a command of this name is being run";
        return Files.Services.ContainsKey(name) || Files.ProblemsOf(name).Count > 0 ? "there is a service file of this name" : null;
    }
}
