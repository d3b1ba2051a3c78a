namespace Dora.Core.Configuration;

/// <summary>One word of the kernel command line: <c>quiet</c>, or <c>console=ttyS0,115200</c> with a value.</summary>
internal readonly record struct KernelParameter(string Key, string? Value)
{
    /// <summary>The kernel takes '-' and '_' in names for the same; so do we.</summary>
    public bool IsNamed(string key)
    {
        if (Key.Length != key.Length) return false;
        for (int i = 0; i < key.Length; i++)
            if (Fold(Key[i]) != Fold(key[i])) return false;
        return true;
    }

    private static char Fold(char c) => c == '-' ? '_' : c;

    /// <summary>
    /// Splits a command line by the kernel's own rules (lib/cmdline.c, next_arg): blanks separate, a double quote
    /// anywhere turns blanks into text until the next one, and quotes around the value or the whole word are not part
    /// of it. There is no escape: a value cannot hold a quote at its end.
    /// </summary>
    public static List<KernelParameter> Split(string text)
    {
        var result = new List<KernelParameter>();
        int at = 0;
        while (true)
        {
            while (at < text.Length && IsBlank(text[at])) at++;
            if (at == text.Length) return result;

            bool isWholeQuoted = text[at] == '"';
            if (isWholeQuoted) at++;
            bool inQuotes = isWholeQuoted;
            int start = at, equals = -1;
            for (; at < text.Length && (inQuotes || !IsBlank(text[at])); at++)
            {
                if (text[at] == '=' && equals < 0 && at > start) equals = at;
                if (text[at] == '"') inQuotes = !inQuotes;
            }
            int end = at;
            if (isWholeQuoted && end > start && text[end - 1] == '"') end--;
            string key = text[start..(equals < 0 ? end : equals)];
            string? value = null;
            if (equals >= 0)
            {
                int valueStart = equals + 1;
                if (valueStart < end && text[valueStart] == '"')
                {
                    valueStart++;
                    if (end > valueStart && text[end - 1] == '"') end--;
                }
                value = text[valueStart..end];
            }
            if (key.Length > 0) result.Add(new KernelParameter(key, value));
        }
    }

    // isspace(3) of the kernel
    private static bool IsBlank(char c) => c is ' ' or '\n' or '\t' or '\v' or '\f' or '\r' or '\0';
}
