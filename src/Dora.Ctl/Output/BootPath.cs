using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>The chain that determined when the boot was ready: the service that was ready last, the one of those it waited for that was ready last, and so on.</summary>
internal static class BootPath
{
    /// <summary>Names in order of time; empty where no service was ready.</summary>
    public static IReadOnlyList<BootService> Of(BootReport boot)
    {
        BootService? at = null;
        foreach (var service in boot.Services)
            if (service.ReadyMs is { } ready && !(at?.ReadyMs >= ready)) at = service;
        var path = new List<BootService>();
        while (at is not null && !path.Contains(at))
        {
            path.Insert(0, at);
            at = LastBefore(boot, at);
        }
        return path;
    }

    private static BootService? LastBefore(BootReport boot, BootService service)
    {
        BootService? last = null;
        foreach (var other in boot.Services)
            // What it waited for was ready when it was started; what was not (it gave up waiting, or wants it only) has determined nothing.
            if (other.ReadyMs is { } ready && ready <= service.StartedMs && !(last?.ReadyMs >= ready) && IsAmong(service.Behind, other.Name)) last = other;
        return last;
    }

    // A template stands for its instances.
    private static bool IsAmong(IReadOnlyList<string>? names, string name)
    {
        if (names is null) return false;
        int at = name.IndexOf('@');
        foreach (string candidate in names)
            if (candidate == name || (at > 0 && name.AsSpan(0, at).SequenceEqual(candidate))) return true;
        return false;
    }
}
