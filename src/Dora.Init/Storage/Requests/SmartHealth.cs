using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;

namespace Dora.Init.Storage.Requests;

/// <summary>What smartctl(8) says of a disk, where it is installed: <c>smartctl -j -a</c>.</summary>
internal static class SmartHealth
{
    private const int MostBytes = 1 << 20;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    public static DiskHealth Read(string name, string path)
    {
        var asked = ChildProgram.Run(["smartctl", "-j", "-a", path], s_limit, longest: MostBytes);
        if (asked.Errno == Errno.ENOENT) return new DiskHealth { Name = name, Reason = "smartctl is not installed (package smartmontools): the disk cannot be asked" };
        return asked.Failure is { } failure ? new DiskHealth { Name = name, Reason = failure } : Parse(name, Encoding.UTF8.GetBytes(asked.Said));
    }

    internal static DiskHealth Parse(string name, ReadOnlySpan<byte> json)
    {
        JsonNode root;
        try
        {
            root = JsonNode.Parse(json);
        }
        catch (JsonException exception)
        {
            return new DiskHealth { Name = name, Reason = $"smartctl: its answer cannot be read: {exception.Message}" };
        }
        long? reallocated = Number(root, "scsi_grown_defect_list"), pending = null, errors = Number(root, "nvme_smart_health_information_log", "media_errors");
        foreach (var line in At(root, "ata_smart_attributes", "table")?.Items ?? [])
        {
            // Their numbers are not standardised, but these three are the same everywhere.
            long? raw = Number(line, "raw", "value");
            switch (Number(line, "id"))
            {
                case 5: reallocated = raw; break;
                case 197: pending = raw; break;
                case 198: errors = raw; break;
            }
        }
        bool? passed = At(root, "smart_status", "passed")?.Flag;
        string? said = null;
        foreach (var message in At(root, "smartctl", "messages")?.Items ?? []) said = At(message, "string")?.Text ?? said;
        return new DiskHealth
        {
            Name = name,
            Passed = passed,
            Reason = said ?? (passed is null ? "the disk says nothing of its health" : null),
            Celsius = Number(root, "temperature", "current"),
            PowerOnHours = Number(root, "power_on_time", "hours"),
            PowerCycles = Number(root, "power_cycle_count"),
            ReallocatedSectors = reallocated,
            PendingSectors = pending,
            MediaErrors = errors,
            WearPercent = Number(root, "nvme_smart_health_information_log", "percentage_used") ?? Number(root, "endurance_used", "current_percent"),
        };
    }

    private static JsonNode? At(JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path) node = node?.Members?.GetValueOrDefault(name);
        return node;
    }

    private static long? Number(JsonNode node, params ReadOnlySpan<string> path) => At(node, path)?.Number;
}
