using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;

namespace Dora.Init.Manager.Startup;

/// <summary>
/// Devices whose driver is in the root image and was not in the initramfs (network cards, buttons) have it.
///
/// Network cards come first, at once: nobody can log in from elsewhere before. All others are polite: putting a module
/// into the kernel keeps a processor for as long as it takes, whatever the priority, so before looking for them and before
/// each one we wait until nobody wants to run and nobody waits for a disk, for <see cref="s_patience"/> in all.
/// </summary>
internal static class DevicesCoupled
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);
    private const int LookAgainMs = 20;

    public static string Run(KernelCommandLine commandLine)
    {
        var directory = ModuleDirectory.OfThisKernel();
        if (!directory.Exists) return $"there is no {directory.Path} in the root image";
        var loader = new ModuleLoader(directory, commandLine);
        var left = s_patience;
        int devices = ColdPlug.Run(loader, networkDone: () =>
        {
            loader.Inserting = () => left -= WaitForTurn(left);
            loader.Inserting();
        });
        left -= WaitForTurn(left);
        int gone = VacantControllers.Release();
        return $"{loader.Loaded} modules for {devices} devices" + (gone > 0 ? $"; {gone} taken out again: IDE without a drive" : "");
    }

    /// <summary>Gives how long it has waited.</summary>
    private static TimeSpan WaitForTurn(TimeSpan limit)
    {
        var start = Sys.TimeSinceBoot();
        var waited = TimeSpan.Zero;
        while (waited < limit && IsBusy(Sys.ReadText("/proc/stat") ?? ""))
        {
            _ = Sys.Poll([], Sys.TimeSinceBoot() + TimeSpan.FromMilliseconds(LookAgainMs));
            waited = Sys.TimeSinceBoot() - start;
        }
        return waited;
    }

    /// <summary>Whether somebody else runs or waits for a disk: proc(5), procs_running counts us too.</summary>
    internal static bool IsBusy(string stat) => Number(stat, "\nprocs_running ") > 1 || Number(stat, "\nprocs_blocked ") > 0;

    private static int Number(string text, string name)
    {
        int at = text.IndexOf(name, StringComparison.Ordinal);
        if (at < 0) return 0;
        at += name.Length;
        int number = 0;
        while (at < text.Length && char.IsAsciiDigit(text[at]) && number < 1_000_000) number = number * 10 + text[at++] - '0';
        return number;
    }
}
