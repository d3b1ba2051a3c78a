using System.Globalization;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// What starts a service, which ends are good ones, and what follows a failure.
internal sealed partial class SettingValue
{
    private const int DoNotRestart = 125;

    /// <summary>A duration, or none, which is zero.</summary>
    public TimeSpan DurationOrNone(TimeSpan least) =>
        node is YamlScalar { Value: "none" } ? TimeSpan.Zero : Duration(least);

    public IReadOnlyList<SuccessfulEnd> SuccessfulEnds()
    {
        var ends = new List<SuccessfulEnd>();
        foreach (var word in Words("a list of exit codes and signals"))
        {
            SuccessfulEnd end;
            if (int.TryParse(word.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int code) && code <= 255)
            {
                if (code == DoNotRestart) Fail(word, $"{DoNotRestart} always means \"do not start me again\"; it cannot be a success");
                end = new(false, code);
            }
            else if (SignalName.TryParse(word.Value, out int signal)) end = new(true, signal);
            else
            {
                Fail(word, $"'{Printable.Text(word.Value)}' is neither an exit code from 0 to 255 nor a signal such as TERM");
                continue;
            }
            if (ends.Contains(end)) Fail(word, $"'{word.Value}' is there twice");
            else ends.Add(end);
        }
        if (ends.Count == 0 && node is YamlList { Items.Count: 0 }) Fail("is empty; leave the key out: exit code 0 always is a success");
        return ends;
    }

    public FailureReaction FailureReaction(List<ServiceReference> references)
    {
        const string Expected = "nothing, reboot, or a mapping: {start: SERVICE}";
        switch (node)
        {
            case YamlScalar { Value: "nothing" }:
                return Configuration.FailureReaction.Nothing;
            case YamlScalar { Value: "reboot" }:
                return new(true, null);
            case YamlScalar word:
                Fail($"'{Printable.Text(word.Value)}' is not one of {Expected}{Suggestion.For(word.Value, ["nothing", "reboot"])}");
                break;
            case YamlMapping { Entries: [({ Value: "start" }, YamlScalar name)] }:
                if (ServiceName.IsReference(name.Value, out string reason))
                {
                    references.Add(new ServiceReference(path, name.Value, name.Position));
                    return new(false, name.Value);
                }
                Fail(name, $"'{Printable.Text(name.Value)}' is not the name of a service: {reason}");
                break;
            default:
                Fail($"expected {Expected}");
                break;
        }
        return Configuration.FailureReaction.Nothing;
    }

    public TriggerSettings? Trigger()
    {
        if (node is not YamlMapping { Entries: [var (kind, value)] })
        {
            Fail(node is YamlMapping ? "one condition is expected: path, changed, device or network" : $"expected a mapping such as {{path: /data/x}}, found {node.Kind}");
            return null;
        }
        switch (kind.Value)
        {
            case "path": return TriggerPath(TriggerKind.Path, kind, value);
            case "changed": return TriggerPath(TriggerKind.Changed, kind, value);
            case "device": return TriggerPath(TriggerKind.Device, kind, value);
            case "network" when value is YamlScalar { Value: "up" }: return new(TriggerKind.Network, "");
            case "network" when value is YamlScalar { Value: "carrier" }: return new(TriggerKind.Carrier, "");
            case "network":
                Fail(value, value is YamlScalar word ? $"network: '{Printable.Text(word.Value)}' is not one of up, carrier" : $"network: expected up or carrier, found {value.Kind}");
                return null;
            default:
                string[] kinds = ["path", "changed", "device", "network"];
                Fail(kind, $"'{Printable.Text(kind.Value)}' is not one of {string.Join(", ", kinds)}{Suggestion.For(kind.Value, kinds)}");
                return null;
        }
    }

    /// <summary>The path of a condition that is looked at once; null if it is none.</summary>
    public string? Condition()
    {
        if (node is not YamlMapping { Entries: [var (kind, value)] })
            Fail(node is YamlMapping ? "one condition is expected: path" : $"expected a mapping such as {{path: /data/x}}, found {node.Kind}");
        else if (kind.Value == "path") return TriggerPath(TriggerKind.Path, kind, value)?.Target;
        else Fail(kind, $"'{Printable.Text(kind.Value)}' is not path{Suggestion.For(kind.Value, ["path"])}");
        return null;
    }

    private TriggerSettings? TriggerPath(TriggerKind kind, YamlScalar key, YamlNode value)
    {
        if (value is not YamlScalar { Value: var target })
        {
            Fail(value, $"{key.Value}: expected a path, found {value.Kind}");
            return null;
        }
        if (!CheckAbsolute(value, target, $"{key.Value}: the path")) return null;
        if (kind is TriggerKind.Device && !target.StartsWith("/dev/", StringComparison.Ordinal))
            Fail(value, $"device: '{Printable.Text(target)}' is not below /dev; for files write path");
        else if (target.Length > 1024) Fail(value, $"{key.Value}: the path is longer than 1024 characters");
        else if (target.Contains("//", StringComparison.Ordinal) || target.Contains("/./", StringComparison.Ordinal) || target.Contains("/../", StringComparison.Ordinal)
            || target.EndsWith('/') || target.EndsWith("/.", StringComparison.Ordinal) || target.EndsWith("/..", StringComparison.Ordinal))
            Fail(value, $"{key.Value}: '{Printable.Text(target)}' has to be a plain path: no '//', '.', '..' or '/' at its end");
        else return new(kind, target);
        return null;
    }
}
