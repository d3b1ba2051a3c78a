using Dora.Core.Linux;

namespace Dora.Syslog.Receiving;

/// <summary>Who may send to a place: <c>from</c> of log.yaml, which was checked when it was read; null is everybody.</summary>
internal sealed class AllowedSenders
{
    private readonly IpPrefix[]? _ranges;

    public AllowedSenders(IReadOnlyList<string>? from)
    {
        if (from is null) return;
        var ranges = new List<IpPrefix>();
        foreach (string text in from)
            if (IpPrefix.TryParse(text, out var range)) ranges.Add(range);
        _ranges = [.. ranges];
    }

    /// <param name="address">4 or 16 bytes; one of IPv4 is never given as one of IPv6.</param>
    public bool Hold(ReadOnlySpan<byte> address)
    {
        if (_ranges is null) return true;
        foreach (var range in _ranges)
            if (range.Holds(address)) return true;
        return false;
    }
}
