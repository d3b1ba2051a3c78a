using System.Text.Json;

namespace Dora.Boot.Tests.Harness;

/// <summary>How the machine's storage is, as the boot has written it down.</summary>
public sealed record StorageLine(string State, string Reason, string? Uuid, bool Claimed, IReadOnlyList<string> Disks);

public sealed partial class Machine
{
    public StorageLine Storage()
    {
        var status = JsonDocument.Parse(SshOutput("dora api GET /v1/storage")).RootElement;
        return new StorageLine(
            status.GetProperty("state").GetString()!,
            status.TryGetProperty("reason", out var reason) ? reason.GetString()! : "",
            status.TryGetProperty("uuid", out var uuid) ? uuid.GetString() : null,
            status.TryGetProperty("claimedThisBoot", out var claimed) && claimed.GetBoolean(),
            [.. status.GetProperty("disks").EnumerateArray().Select(disk => disk.GetProperty("name").GetString()!)]);
    }

    /// <summary>State and reason of each disk.</summary>
    public Dictionary<string, JsonElement> Disks() =>
        JsonDocument.Parse(SshOutput("dora api GET /v1/disks")).RootElement.EnumerateArray().ToDictionary(disk => disk.GetProperty("name").GetString()!, disk => disk.Clone());

    /// <summary>Ends it in order, and waits for that.</summary>
    public void PowerOff()
    {
        Ssh("dora poweroff");
        string reason = WaitForEnd(TimeSpan.FromSeconds(60), "poweroff");
        if (reason != "guest-shutdown") throw new MachineException($"{Name}: it ended by {reason}", Transcript.Tail());
    }
}
