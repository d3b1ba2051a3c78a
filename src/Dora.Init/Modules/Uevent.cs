using System.Text;

namespace Dora.Init.Modules;

/// <summary>What the kernel tells of one device: it came, went or changed.</summary>
internal sealed record Uevent(string Action, string DevicePath)
{
    public string Subsystem { get; private init; } = "";

    /// <summary>Node below /dev, if it has one: <c>sda1</c>, <c>input/event0</c>.</summary>
    public string DeviceNode { get; private init; } = "";

    /// <summary>Of a block device <c>disk</c> or <c>partition</c>.</summary>
    public string DeviceType { get; private init; } = "";

    /// <summary>What a driver is found by.</summary>
    public string Modalias { get; private init; } = "";

    /// <summary>The last part of its path: <c>sda1</c>, <c>eth0</c>, <c>event0</c>.</summary>
    public string Name => DevicePath[(DevicePath.LastIndexOf('/') + 1)..];

    /// <summary>
    /// <c>add@/devices/...</c>, then KEY=VALUE, each ended by NUL. Udev's own messages (which begin with "libudev") and
    /// everything else that is not of this form are refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out Uevent uevent)
    {
        uevent = null!;
        int headLength = message.IndexOf((byte)0);
        if (headLength <= 0) return false;
        var head = message[..headLength];
        int at = head.IndexOf((byte)'@');
        if (at <= 0 || at + 1 >= head.Length || head[at + 1] != '/') return false;
        foreach (byte c in head[..at])
            if (c is < (byte)'a' or > (byte)'z') return false;

        string subsystem = "", node = "", type = "", modalias = "";
        for (var rest = message[(headLength + 1)..]; !rest.IsEmpty;)
        {
            int length = rest.IndexOf((byte)0);
            var pair = length < 0 ? rest : rest[..length];
            rest = length < 0 ? default : rest[(length + 1)..];
            if (pair.StartsWith("SUBSYSTEM="u8)) subsystem = Text(pair["SUBSYSTEM=".Length..]);
            else if (pair.StartsWith("DEVNAME="u8)) node = Text(pair["DEVNAME=".Length..]);
            else if (pair.StartsWith("DEVTYPE="u8)) type = Text(pair["DEVTYPE=".Length..]);
            else if (pair.StartsWith("MODALIAS="u8)) modalias = Text(pair["MODALIAS=".Length..]);
        }
        uevent = new Uevent(Text(head[..at]), Text(head[(at + 1)..])) { Subsystem = subsystem, DeviceNode = node, DeviceType = type, Modalias = modalias };
        return true;
    }

    // Latin-1 keeps every byte: a modalias goes back to bytes unchanged.
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);
}
