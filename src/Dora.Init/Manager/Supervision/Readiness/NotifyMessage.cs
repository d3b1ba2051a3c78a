using System.Buffers.Text;
using System.Text;
using Dora.Core.Configuration;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>
/// One datagram of sd_notify(3): lines of <c>NAME=value</c>. Pure. What is not known is passed over, as the protocol
/// asks; a value that makes no sense is left out and told of in <see cref="Problem"/>.
/// </summary>
internal sealed class NotifyMessage
{
    /// <summary>PIPE_BUF, as with systemd: anything longer is refused.</summary>
    public const int LongestBytes = 4096;

    private const int LongestStatus = 256;
    private const int LongestName = 64;

    public bool IsReady { get; private set; }
    public bool IsReloading { get; private set; }
    public bool IsStopping { get; private set; }
    public bool IsAlive { get; private set; }
    public bool IsInTrouble { get; private set; }
    public bool StoresDescriptors { get; private set; }
    public bool RemovesDescriptors { get; private set; }

    /// <summary>Text for people; empty takes the last one back.</summary>
    public string? Status { get; private set; }

    /// <summary>As it is written: whether it is a process of the service is not known here.</summary>
    public string? MainPid { get; private set; }

    /// <summary>Name for descriptors; null is none, or one that cannot be used.</summary>
    public string? DescriptorName { get; private set; }

    public TimeSpan? ExtendTimeout { get; private set; }
    public TimeSpan? WatchdogInterval { get; private set; }

    /// <summary>Of CLOCK_MONOTONIC, when a reload began.</summary>
    public TimeSpan? Monotonic { get; private set; }

    /// <summary>The first thing in it that makes no sense, in words.</summary>
    public string? Problem { get; private set; }

    public static NotifyMessage Parse(ReadOnlySpan<byte> text)
    {
        var message = new NotifyMessage();
        if (text.IndexOf((byte)0) >= 0)
        {
            message.Problem = "it holds a NUL byte";
            return message;
        }
        while (!text.IsEmpty)
        {
            int newline = text.IndexOf((byte)'\n');
            var line = newline < 0 ? text : text[..newline];
            text = newline < 0 ? default : text[(newline + 1)..];
            int equals = line.IndexOf((byte)'=');
            if (equals > 0) message.Assign(line[..equals], line[(equals + 1)..]);
        }
        return message;
    }

    private void Assign(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("READY"u8)) IsReady |= IsOne(value);
        else if (name.SequenceEqual("RELOADING"u8)) IsReloading |= IsOne(value);
        else if (name.SequenceEqual("STOPPING"u8)) IsStopping |= IsOne(value);
        else if (name.SequenceEqual("WATCHDOG"u8))
        {
            if (value.SequenceEqual("trigger"u8)) IsInTrouble = true;
            else IsAlive |= IsOne(value);
        }
        else if (name.SequenceEqual("FDSTORE"u8)) StoresDescriptors |= IsOne(value);
        else if (name.SequenceEqual("FDSTOREREMOVE"u8)) RemovesDescriptors |= IsOne(value);
        else if (name.SequenceEqual("STATUS"u8)) Status = Text(value, LongestStatus) ?? Status;
        else if (name.SequenceEqual("MAINPID"u8)) MainPid = Text(value, 20) ?? "";
        else if (name.SequenceEqual("FDNAME"u8)) DescriptorName = NameOf(value);
        else if (name.SequenceEqual("EXTEND_TIMEOUT_USEC"u8)) ExtendTimeout = Time(name, value) ?? ExtendTimeout;
        else if (name.SequenceEqual("WATCHDOG_USEC"u8)) WatchdogInterval = Time(name, value) ?? WatchdogInterval;
        else if (name.SequenceEqual("MONOTONIC_USEC"u8)) Monotonic = Time(name, value) ?? Monotonic;
    }

    private static bool IsOne(ReadOnlySpan<byte> value) => value.SequenceEqual("1"u8);

    private string? Text(ReadOnlySpan<byte> value, int longest)
    {
        if (System.Text.Unicode.Utf8.IsValid(value)) return Printable.Text(Encoding.UTF8.GetString(value), longest);
        Problem ??= "it is not UTF-8";
        return null;
    }

    private TimeSpan? Time(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (!value.IsEmpty && Utf8Parser.TryParse(value, out ulong microseconds, out int used) && used == value.Length && char.IsAsciiDigit((char)value[0]))
            return TimeSpan.FromMicroseconds(Math.Min(microseconds, (ulong)DurationText.Longest.TotalMicroseconds));
        Problem ??= $"{Encoding.ASCII.GetString(name)} is not a number of microseconds";
        return null;
    }

    // sd_pid_notify_with_fds(3): ASCII without control characters and ':', for names are joined by it.
    private string? NameOf(ReadOnlySpan<byte> value)
    {
        bool isUsable = value.Length is > 0 and <= LongestName && value.IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 && value.IndexOf((byte)':') < 0;
        if (isUsable) return Encoding.ASCII.GetString(value);
        Problem ??= $"FDNAME is not 1 to {LongestName} printable characters without ':'";
        return null;
    }
}
