using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// The fields of one message, names in lower case, in the order they came. Reads field lines strictly (RFC 9112 5):
/// no space before the colon, no folded lines, no control characters.
/// </summary>
internal sealed class HttpFields
{
    public const int MaxBytes = 16 * 1024;
    public const int MaxCount = 100;

    private readonly List<(string Name, string Value)> _fields = [];

    public int Count => _fields.Count;

    public IReadOnlyList<(string Name, string Value)> All => _fields;

    /// <summary>The only or first value of a field; null if there is none.</summary>
    public string? this[string name]
    {
        get
        {
            foreach (var field in _fields)
                if (field.Name == name) return field.Value;
            return null;
        }
    }

    public int CountOf(string name)
    {
        int count = 0;
        foreach (var field in _fields)
            if (field.Name == name) count++;
        return count;
    }

    /// <summary>Whether a comma-separated field (Connection) names <paramref name="token"/>, in whatever case.</summary>
    public bool HasToken(string name, string token)
    {
        foreach (var field in _fields)
        {
            if (field.Name != name) continue;
            foreach (var range in field.Value.AsSpan().Split(','))
                if (field.Value.AsSpan()[range].Trim(" \t").Equals(token, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    /// <summary>Adds one field line (without its line end); false if it is malformed.</summary>
    public bool TryAdd(ReadOnlySpan<byte> line)
    {
        int colon = line.IndexOf((byte)':');
        if (colon <= 0) return false;
        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        // Folded lines fail here too: they start with a space or a tab.
        foreach (byte b in name)
            if (!IsTokenByte(b)) return false;
        foreach (byte b in value)
            if (b is < 0x20 and not (byte)'\t' or 0x7F) return false;
        _fields.Add((Encoding.ASCII.GetString(name).ToLowerInvariant(), Encoding.Latin1.GetString(value)));
        return true;
    }

    /// <summary>tchar of RFC 9110 5.6.2.</summary>
    public static bool IsTokenByte(byte b) =>
        char.IsAsciiLetterOrDigit((char)b) || "!#$%&'*+-.^_`|~"u8.Contains(b);
}
