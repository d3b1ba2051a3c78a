using System.Globalization;
using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

// The values of log.yaml.
internal sealed partial class SettingValue
{
    private const int MostPlaces = 16;

    /// <summary>A number of bytes: <c>4096</c>, <c>64K</c>, <c>500M</c>, <c>2G</c>; the letters are powers of 1024.</summary>
    public long Bytes(long least, long most)
    {
        string word = Word("a number of bytes such as 500M");
        if (node is not YamlScalar) return least;
        int shift = word.Length == 0 ? 0 : word[^1] switch { 'K' => 10, 'M' => 20, 'G' => 30, 'T' => 40, _ => 0 };
        if (!long.TryParse(shift > 0 ? word[..^1] : word, NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            Fail($"'{Printable.Text(word)}' is not a number of bytes; write it as 4096, 64K, 500M or 2G");
        else if (value > most >> shift) Fail($"'{Printable.Text(word)}' is too much");
        else if (value << shift < least) Fail($"'{Printable.Text(word)}' is too little: at least {Amount(least)}");
        else return value << shift;
        return least;
    }

    /// <summary>Where syslog listens.</summary>
    public List<SocketSettings> ReceivePlaces()
    {
        var places = new List<SocketSettings>();
        if (node is not YamlList list)
        {
            FailKind(node, "a list such as [udp: 514]");
            return places;
        }
        foreach (var item in list.Items)
        {
            if (item is not YamlMapping mapping) Fail(item, $"expected a place such as 'udp: 514', found {item.Kind}");
            else if (ReceivePlace(mapping) is not { } place) continue;
            else if (IsThere(places, place)) Fail(Start(mapping), $"{place.KindWord} {place.Address} is there twice");
            else if (places.Count == MostPlaces) Fail(Start(mapping), $"there are more than {MostPlaces} places");
            else places.Add(place);
        }
        return places;
    }

    private SocketSettings? ReceivePlace(YamlMapping mapping)
    {
        int before = problems.Count;
        var given = new Dictionary<string, Position>();
        var place = MappingReader.Read(mapping, path + ".", ReceiveKeys.All, new SocketSettings(SocketKind.Udp, ""), problems, given);
        if (problems.Count == before && given.ContainsKey("udp") == given.ContainsKey("tcp")) Fail(Start(mapping), "write one of udp and tcp in each item");
        return problems.Count == before ? ReceiveKeys.Named(place) : null;
    }

    /// <summary>Addresses and ranges of them; one alone is a list of one.</summary>
    public IReadOnlyList<string> AddressRanges()
    {
        var ranges = new List<string>();
        var items = node is YamlList list ? list.Items : [node];
        foreach (var item in items)
        {
            if (item is not YamlScalar { Value: var text }) FailKind(item, "an address or a range of them such as 10.0.0.0/8");
            else if (!IpPrefix.TryParse(text, out _)) Fail(item, $"'{Printable.Text(text)}' is not an address or a range of them such as 10.0.0.0/8 or 'fd00::/8'");
            else ranges.Add(text);
        }
        if (items.Count == 0) Fail("is empty: nobody could send; leave the item out");
        return ranges;
    }

    private static string Amount(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20}M" : bytes >= 1 << 10 ? $"{bytes >> 10}K" : $"{bytes}";
}
