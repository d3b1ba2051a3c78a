using System.Globalization;

namespace Dora.Init.Manager.Control;

/// <summary>Values of query parameters.</summary>
internal static class Parameter
{
    /// <summary>A whole number from 0 to <paramref name="max"/>, digits only.</summary>
    public static bool TryReadNumber(string text, int max, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= max;

    /// <summary>A whole number of 63 bits, digits only.</summary>
    public static bool TryReadNumber(string text, out long number) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    /// <summary><c>true</c> or <c>false</c>; anything else is refused, and false is returned.</summary>
    public static bool TryReadFlag(ControlExchange exchange, string name, bool unlessTold, out bool value)
    {
        string text = exchange.Target[name] ?? (unlessTold ? "true" : "false");
        value = text == "true";
        if (text is "true" or "false") return true;
        exchange.Fail(400, "request.parameter", $"{name}={text}: true or false is expected");
        return false;
    }

    /// <summary><c>30s</c>, <c>500ms</c> or <c>30</c> (seconds), up to <see cref="ControlLimits.MaxWait"/>.</summary>
    public static bool TryReadWait(string text, out TimeSpan wait)
    {
        wait = default;
        bool isMilliseconds = text.EndsWith("ms", StringComparison.Ordinal);
        var digits = isMilliseconds ? text.AsSpan(0, text.Length - 2) : text.AsSpan().TrimEnd('s');
        if (!isMilliseconds && digits.Length < text.Length - 1) return false;
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number)) return false;
        wait = isMilliseconds ? TimeSpan.FromMilliseconds(number) : TimeSpan.FromSeconds(number);
        return wait <= ControlLimits.MaxWait;
    }
}
