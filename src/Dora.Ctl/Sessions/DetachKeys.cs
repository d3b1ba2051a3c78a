namespace Dora.Ctl.Sessions;

/// <summary>
/// The keys that leave a session alone, found in what is typed. A beginning of them is held back until the next key shows what
/// it is; what was no beginning after all is passed on, in its place.
/// </summary>
internal sealed class DetachKeys(byte[] sequence)
{
    /// <summary>As Docker has them.</summary>
    public const string Usual = "ctrl-p,ctrl-q";

    private int _matched;

    /// <summary>Keys by name, with commas in between: <c>ctrl-a</c> to <c>ctrl-z</c>, <c>ctrl-@ [ \ ] ^ _</c>, or a character; null for anything else.</summary>
    public static byte[]? Parse(string text)
    {
        var keys = new List<byte>();
        foreach (string key in text.Split(','))
        {
            if (key.Length == 1 && key[0] is > ' ' and < '\x7F') keys.Add((byte)key[0]);
            else if (key.Length == 6 && key.StartsWith("ctrl-", StringComparison.OrdinalIgnoreCase) && char.ToUpperInvariant(key[5]) is >= '@' and <= '_' and var letter) keys.Add((byte)(letter - '@'));
            else return null;
        }
        return keys.Count <= 8 ? [.. keys] : null;
    }

    /// <summary>Puts what is to be passed on into <paramref name="passed"/>; true when the keys were typed, and what came behind them is dropped.</summary>
    public bool Find(ReadOnlySpan<byte> typed, List<byte> passed)
    {
        foreach (byte key in typed)
        {
            while (_matched > 0 && key != sequence[_matched])
            {
                // The longest end of what is held back that is a beginning too stays held back.
                int shorter = _matched - 1;
                while (shorter > 0 && !sequence.AsSpan(_matched - shorter, shorter).SequenceEqual(sequence.AsSpan(0, shorter))) shorter--;
                passed.AddRange(sequence.AsSpan(0, _matched - shorter));
                _matched = shorter;
            }
            if (key != sequence[_matched])
            {
                passed.Add(key);
                continue;
            }
            if (++_matched < sequence.Length) continue;
            _matched = 0;
            return true;
        }
        return false;
    }
}
