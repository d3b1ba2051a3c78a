using Dora.Core.Linux;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

// Services that are switched off: by the kernel command line, by an empty file in their place, or by an operator.
internal sealed partial class MachineControl
{
    public ControlResult Mask(string name, bool isMasked) => isMasked ? Mask(name) : Unmask(name);

    private ControlResult Mask(string name)
    {
        var service = supervisor.Find(name);
        if (service is null && !supervisor.IsTemplate(name) && !supervisor.IsMasked(name)) return WhyUnusable(name);
        if (service is not null && WhyNot("mask", service) is { } refused) return refused;
        var errno = OperatorMasks.Add(name);
        if (errno != Errno.None)
            return ControlResult.Refused(Refusal.Unavailable, "service.mask-failed", $"{name}: mask: write {OperatorMasks.PathOf(name)}: {errno.Describe()}");
        string? before = service is null ? null : MachineReports.StateName(service);
        var along = service is null ? null : Along(service, "stop");
        supervisor.Mask(name);
        return ControlResult.Accepted(changes.Begin("mask", name, before, state => state.IsDown, along));
    }

    private ControlResult Unmask(string name)
    {
        if (!supervisor.IsMasked(name))
        {
            if (Files.Masked.Contains(name)) return ControlResult.Refused(Refusal.Conflict, MaskError(name), $"{name}: {WhyMasked(name)}");
            if (supervisor.Find(name) is null && !supervisor.IsTemplate(name)) return WhyUnusable(name);
        }
        else if (!OperatorMasks.IsMasked(name)) return ControlResult.Refused(Refusal.Conflict, MaskError(name), $"{name}: {WhyMasked(name)}");
        else
        {
            var errno = OperatorMasks.Remove(name);
            if (errno != Errno.None)
                return ControlResult.Refused(Refusal.Unavailable, "service.mask-failed", $"{name}: unmask: remove {OperatorMasks.PathOf(name)}: {errno.Describe()}");
            supervisor.Unmask(name);
        }
        return ControlResult.Accepted(changes.Begin("unmask", name, null, _ => true));
    }

    /// <summary>Names that are masked and therefore no services at all.</summary>
    private IEnumerable<string> MaskedNames()
    {
        foreach (string name in Files.Masked) yield return name;
        foreach (string name in Files.Services.Keys)
            if (supervisor.IsMasked(name) && supervisor.Find(name) is null) yield return name;
    }

    /// <summary>Whether an operator's unmask can take it back.</summary>
    private static string MaskError(string name) => OperatorMasks.IsMasked(name) ? "service.masked" : "service.masked-elsewhere";

    private string WhyMasked(string name)
    {
        if (OperatorMasks.IsMasked(name)) return $"by an operator; 'dora service unmask {name}' takes it back";
        return Files.Masked.Contains(name) ? $"by an empty file, or a link to /dev/null: remove /etc/dora/services/{name}.yaml, then 'dora service reload'" : "on the kernel command line (pandora.mask)";
    }
}
