namespace Dora.Core.Configuration;

/// <summary>
/// What names may look like. Names of services become names of files and cgroups, so they are narrow; the argument of an
/// instance comes from the kernel (an interface, a terminal), so everything printable but '/' is taken.
/// </summary>
internal static class ServiceName
{
    public const int Longest = 64;

    private const string Allowed = "a-z, A-Z, 0-9, '.', '_' and '-' are allowed, a letter or digit first";

    /// <summary>A name that a file may have.</summary>
    public static bool IsValid(string name, out string reason)
    {
        reason = Allowed;
        if (name.Length == 0) reason = "it is empty";
        else if (name.Length > Longest) reason = $"it is longer than {Longest} characters";
        else return char.IsAsciiLetterOrDigit(name[0]) && AllAre(name, static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-');
        return false;
    }

    /// <summary>A name that another file may mention: a service, or an instance as <c>name@argument</c>.</summary>
    public static bool IsReference(string name, out string reason)
    {
        int at = name.IndexOf('@');
        if (at < 0) return IsValid(name, out reason);
        if (!IsValid(name[..at], out reason)) return false;
        reason = "the argument behind '@' is not well formed";
        return IsArgument(name[(at + 1)..]);
    }

    /// <summary>An instance's argument: 1 to 64 printable characters of ASCII, no '/', not <c>.</c> or <c>..</c>.</summary>
    public static bool IsArgument(string argument) =>
        argument.Length is > 0 and <= Longest && argument is not ("." or "..") && AllAre(argument, static c => c is > ' ' and < '\x7F' and not '/');

    /// <summary>A path below /run, of names that are neither hidden nor lead upwards.</summary>
    public static bool IsRuntimeDirectory(string path, out string reason)
    {
        reason = "has to be a path below /run, such as 'web' (no '/' first, no '..')";
        if (path.Length is 0 or > 128) return false;
        var parts = path.Split('/');
        foreach (string part in parts)
            if (part.Length == 0 || part[0] == '.' || !AllAre(part, static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@' or '%' or ':')) return false;
        reason = "belongs to init itself; choose another name";
        return parts[0] != "dora";
    }

    /// <summary>A terminal's name below /dev: <c>tty1</c>, <c>pts/0</c>, <c>%i</c>.</summary>
    public static bool IsTerminal(string name)
    {
        if (name.Length is 0 or > Longest) return false;
        foreach (string part in name.Split('/'))
            if (part.Length == 0 || part[0] == '.' || !AllAre(part, static c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '%')) return false;
        return true;
    }

    private static bool AllAre(string text, Func<char, bool> allowed)
    {
        foreach (char c in text)
            if (!allowed(c)) return false;
        return true;
    }
}
