using Dora.Core.Linux;

namespace Dora.Init.Manager.Devices;

/// <summary>The terminals that the kernel was told to use as consoles (console=), as far as they exist.</summary>
internal static class Consoles
{
    private const string PortUnknown = "0"; // PORT_UNKNOWN of linux/serial_core.h

    /// <summary>Names below /dev where a login is offered: <c>tty1</c>, <c>ttyS0</c>.</summary>
    public static IReadOnlyList<string> Active() =>
        Choose(Sys.ReadText("/sys/class/tty/console/active") ?? "", name => Sys.Exists($"/dev/{name}"),
            name => Sys.ReadText($"/sys/class/tty/{name}/type")?.Trim());

    /// <summary>
    /// tty0 is whichever virtual terminal is in front: people look at tty1. A serial line without a port behind it
    /// (ttyS0 on a machine that has none) can be opened by nobody and is left out, or its shell would spin.
    /// </summary>
    internal static IReadOnlyList<string> Choose(string active, Func<string, bool> exists, Func<string, string?> portType)
    {
        var names = new List<string>();
        foreach (string word in active.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries))
        {
            string name = word == "tty0" ? "tty1" : word;
            if (names.Contains(name) || !exists(name)) continue;
            if (name.StartsWith("ttyS", StringComparison.Ordinal) && portType(name) == PortUnknown) continue;
            names.Add(name);
        }
        return names;
    }
}
