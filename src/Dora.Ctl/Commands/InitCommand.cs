using System.CommandLine;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Client;

namespace Dora.Ctl.Commands;

/// <summary><c>dora init upgrade PATH</c>: another init in the place of the one that runs; no service notices.</summary>
internal static class InitCommand
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(40);

    public static Command Build(Binder bind)
    {
        var path = new Argument<string>("PATH") { Description = "the new executable" };
        var upgrade = new Command("upgrade", "replace init by another executable, with everything that runs kept") { path };
        upgrade.SetAction(bind((context, parsed) => Upgrade(context, parsed.GetValue(path)!)));
        return new Command("init", "init itself: upgrade") { upgrade };
    }

    private static int Upgrade(Context context, string path)
    {
        string full = context.Host is null ? Path.GetFullPath(path) : path;
        string? before = context.Client.Machine().Value.LastUpgrade;
        var (_, json) = context.Client.UpgradeInit(full);
        // The manager that accepted it is gone in a moment; the next one, of whichever program, knows the outcome.
        var end = Sys.TimeSinceBoot() + s_limit;
        string? outcome = null;
        while (outcome is null && Sys.TimeSinceBoot() < end)
        {
            Thread.Sleep(100);
            try
            {
                (var status, json) = context.Client.Machine();
                if (status.LastUpgrade is { } now && now != before) outcome = now;
            }
            catch (DoraException)
            {
                // Between two managers.
            }
        }
        if (context.Json) context.Out.WriteJson(json);
        else if (outcome is null) context.Error.WriteLine("dora: init: upgrade: its outcome is not known; see 'dora log'");
        else if (Succeeded(outcome)) context.Out.WriteLine($"init: upgraded to {context.Out.Foreign(full)}");
        else context.Error.WriteLine($"dora: init: upgrade: {context.Error.Foreign(outcome)}");
        context.Error.Flush();
        return outcome is not null && Succeeded(outcome) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static bool Succeeded(string outcome) => outcome.StartsWith("done", StringComparison.Ordinal);
}
