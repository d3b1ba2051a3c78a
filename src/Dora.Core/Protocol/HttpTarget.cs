using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// The target of a request, decoded: <c>/v1/services/a%2Fb?x=1</c> has the segments <c>v1</c>, <c>services</c>,
/// <c>a/b</c> and the parameter x. A decoded slash stays inside its segment; <c>.</c> and <c>..</c> mean nothing.
/// </summary>
internal sealed record HttpTarget(IReadOnlyList<string> Segments, IReadOnlyList<KeyValuePair<string, string>> Query)
{
    public const int MaxParameters = 32;

    /// <summary>The value of a parameter; null if it is absent. Of several the first counts.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var (key, value) in Query)
                if (key == name) return value;
            return null;
        }
    }

    /// <summary>Reads origin-form (<c>/path?query</c>) and absolute-form (<c>http://host/path</c>); null if malformed.</summary>
    public static HttpTarget? Parse(ReadOnlySpan<byte> target)
    {
        if (target.StartsWith("http://"u8))
        {
            int slash = target[7..].IndexOf((byte)'/');
            if (slash < 0) return null;
            target = target[(7 + slash)..];
        }
        if (target.IsEmpty || target[0] != '/') return null;
        foreach (byte b in target)
            if (b is <= 0x20 or >= 0x7F or (byte)'#') return null;

        int mark = target.IndexOf((byte)'?');
        var path = mark < 0 ? target : target[..mark];
        var query = mark < 0 ? default : target[(mark + 1)..];

        var segments = new List<string>();
        foreach (var range in path[1..].Split((byte)'/'))
        {
            if (!TryDecode(path[1..][range], plusIsSpace: false, out string segment)) return null;
            segments.Add(segment);
        }

        var parameters = new List<KeyValuePair<string, string>>();
        foreach (var range in query.Split((byte)'&'))
        {
            var pair = query[range];
            if (pair.IsEmpty) continue;
            int equals = pair.IndexOf((byte)'=');
            if (!TryDecode(equals < 0 ? pair : pair[..equals], plusIsSpace: true, out string key)) return null;
            if (!TryDecode(equals < 0 ? default : pair[(equals + 1)..], plusIsSpace: true, out string value)) return null;
            if (parameters.Count == MaxParameters) return null;
            parameters.Add(new(key, value));
        }
        return new HttpTarget(segments, parameters);
    }

    /// <summary>Undoes percent-encoding; false for a cut or wrong escape, for NUL and for what is not UTF-8.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> text, bool plusIsSpace, out string decoded)
    {
        decoded = "";
        byte[] bytes = new byte[text.Length];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            byte b = text[i];
            if (b == '%')
            {
                if (i + 2 >= text.Length || !char.IsAsciiHexDigit((char)text[i + 1]) || !char.IsAsciiHexDigit((char)text[i + 2]))
                    return false;
                b = (byte)(HexValue(text[i + 1]) << 4 | HexValue(text[i + 2]));
                if (b == 0) return false;
                i += 2;
            }
            else if (b == '+' && plusIsSpace)
            {
                b = (byte)' ';
            }
            bytes[length++] = b;
        }
        var result = bytes.AsSpan(0, length);
        if (!System.Text.Unicode.Utf8.IsValid(result)) return false;
        decoded = Encoding.UTF8.GetString(result);
        return true;
    }

    /// <summary>The value of a hexadecimal digit.</summary>
    public static int HexValue(byte digit) => digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
}
