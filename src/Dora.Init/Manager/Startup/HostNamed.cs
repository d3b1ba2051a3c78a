using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Startup;

/// <summary>The machine has its name: pandora.hostname, or the first line of /etc/hostname, or <c>pandora</c>.</summary>
internal static class HostNamed
{
    private const string Default = "pandora";

    public static string Run(KernelCommandLine commandLine)
    {
        string name = commandLine.HostName ?? FromFile(Sys.ReadText("/etc/hostname") ?? "");
        Sys.SetHostName(name).ThrowIfError("set host name", name);
        return name;
    }

    internal static string FromFile(string content)
    {
        foreach (string line in content.Split('\n'))
        {
            string name = line.Trim();
            if (name.Length == 0 || name[0] == '#') continue;
            if (KernelCommandLine.IsHostName(name)) return name;
            Log.Warn($"start-up: /etc/hostname: '{Printable.Text(name)}' is no host name; using {Default}");
            break;
        }
        return Default;
    }
}
