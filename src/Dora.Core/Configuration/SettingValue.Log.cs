using System.Globalization;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The values of log.yaml.
internal sealed partial class SettingValue
{
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

    private static string Amount(long bytes) => bytes >= 1 << 20 ? $"{bytes >> 20}M" : bytes >= 1 << 10 ? $"{bytes >> 10}K" : $"{bytes}";
}
