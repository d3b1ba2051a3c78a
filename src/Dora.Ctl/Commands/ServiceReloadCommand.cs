using System.CommandLine;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Client;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary>
/// <c>dora service reload</c>: without a name the service files, which are compared, shown and taken up; with names the
/// services' own configurations.
/// </summary>
internal static class ServiceReloadCommand
{
    public static Command Build(Binder bind, Func<Context, string, int> reloadOne)
    {
        var names = new Argument<string[]>("SERVICE") { Description = "services that read their own configuration anew; without: the service files", Arity = ArgumentArity.ZeroOrMore };
        var dryRun = new Option<bool>("--dry-run", "-n") { Description = "only show what a reload of the service files would do" };
        var command = new Command("reload", "take up changed service files; with names: let services read their own configuration anew") { names, dryRun };
        command.SetAction(bind((context, parsed) =>
        {
            string[] given = parsed.GetValue(names)!;
            if (given.Length == 0) return Reload(context, parsed.GetValue(dryRun));
            if (parsed.GetValue(dryRun))
                throw new CommandFailure(ExitCodes.Usage, "service reload: --dry-run is for the service files: leave the names out");
            int worst = ExitCodes.Ok;
            foreach (string name in given)
            {
                int code = reloadOne(context, name);
                if (worst == ExitCodes.Ok) worst = code;
            }
            return worst;
        }));
        return command;
    }

    /// <summary>What a reload would take up, for a hint: nothing where there is no init, or one that does not tell this caller.</summary>
    internal static IReadOnlyList<ReloadEntry> Waiting(Context context)
    {
        try
        {
            return context.Client.CompareFiles().Value.Services;
        }
        catch (DoraException)
        {
            return [];
        }
    }

    /// <summary>What is shown is what is done: the second request is refused if anything has changed since the first.</summary>
    private static int Reload(Context context, bool isDryRun)
    {
        var (report, json) = context.Client.CompareFiles();
        if (!context.Json)
        {
            ReloadText.Write(context.Out, report, isDryRun);
            context.Out.Flush();
        }
        // Also where nothing differs: what is told of a file goes by the files that were read last.
        if (!isDryRun)
        {
            (report, json) = context.Client.ReloadFiles(report.Fingerprint);
            bool isDone = Follow(context, report);
            if (context.Json) context.Out.WriteJson(json);
            return isDone && !ReloadText.HasRefused(report) ? ExitCodes.Ok : ExitCodes.Failed;
        }
        if (context.Json) context.Out.WriteJson(json);
        return ReloadText.HasRefused(report) ? ExitCodes.Failed : ExitCodes.Ok;
    }

    private static bool Follow(Context context, ReloadReport report)
    {
        bool isDone = true;
        foreach (var entry in report.Services)
            foreach (string id in entry.Begun)
            {
                var change = context.Client.WaitFor(context.Client.Change(id)).Value;
                string name = change.Service ?? entry.Service;
                if (change.Status == ChangeInfo.Failed)
                {
                    isDone = false;
                    context.Error.WriteLine($"dora: {context.Error.Foreign(name)}: {change.Verb} failed: {context.Error.Foreign(change.Error?.Message ?? "no reason is known")}");
                    context.Error.Flush();
                }
                else if (!context.Json)
                {
                    context.Out.WriteLine(context.Out.Foreign(ServiceDetails.Outcome(change, change.Verb, name)));
                    context.Out.Flush();
                }
            }
        return isDone;
    }
}
