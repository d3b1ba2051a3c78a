using System.CommandLine;
using Dora.Core.Client;
using Dora.Core.Protocol.Machine;
using Dora.Core.Protocol.Storage;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora disk list|show|health</c>, which look; what changes something is in <see cref="DiskChanges"/>.</summary>
internal static class DiskCommand
{
    public static Command Build(Binder bind)
    {
        var list = new Command("list", "every disk, and why it was claimed or not");
        list.SetAction(bind(static (context, _) =>
        {
            var (disks, json) = context.Client.StorageDisks();
            if (context.Json) context.Out.WriteJson(json);
            else DiskReport.WriteList(context.Out, disks);
            return ExitCodes.Ok;
        }));
        return new Command("disk", "disks: list, show, claim, add, remove, release, scrub, health")
        {
            list,
            Show(bind),
            DiskChanges.Claim(bind),
            DiskChanges.Add(bind),
            DiskChanges.Remove(bind),
            DiskChanges.Release(bind),
            DiskChanges.Scrub(bind),
            Health(bind),
        };
    }

    public static Argument<string> DiskArgument() => new("DISK") { Description = "name of a disk: sda" };

    private static Command Show(Binder bind)
    {
        var name = DiskArgument();
        var command = new Command("show", "all about one disk: what is on it, what it is used for, its health") { name };
        command.SetAction(bind((context, parsed) => WithSuggestion(context, parsed.GetValue(name)!, (_, disk) =>
        {
            var (status, json) = context.Client.StorageDisk(disk);
            if (context.Json) context.Out.WriteJson(json);
            else DiskReport.WriteOne(context.Out, status, Device(context, status.Name), Try(() => context.Client.DiskHealth(disk).Value));
            return ExitCodes.Ok;
        })));
        return command;
    }

    private static Command Health(Binder bind)
    {
        var name = new Argument<string?>("DISK") { Description = "name of a disk; all of them unless told", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("health", "what disks say of their own health (SMART)") { name };
        command.SetAction(bind((context, parsed) =>
        {
            var answers = new List<Answer<DiskHealth>>();
            if (parsed.GetValue(name) is { } one) WithSuggestion(context, one, (_, disk) =>
            {
                answers.Add(context.Client.DiskHealth(disk));
                return ExitCodes.Ok;
            });
            else
                foreach (string disk in Names(context)) answers.Add(context.Client.DiskHealth(disk));
            var all = new List<DiskHealth>();
            bool isBad = false;
            foreach (var answer in answers)
            {
                all.Add(answer.Value);
                isBad |= answer.Value.Passed == false;
            }
            if (context.Json && parsed.GetValue(name) is not null) context.Out.WriteJson(answers[0].Json);
            else if (context.Json) context.Out.WriteJson(Core.Protocol.Json.JsonMapWriter.WriteList(all));
            else DiskReport.WriteHealth(context.Out, all);
            return isBad ? ExitCodes.Failed : ExitCodes.Ok;
        }));
        return command;
    }

    /// <summary>Names of whole disks, as far as they are more than files and RAM.</summary>
    public static IReadOnlyList<string> Names(Context context)
    {
        var names = new List<string>();
        foreach (var disk in context.Client.Disks().Value)
            if (disk.Transport is not ("loop" or "zram" or "dm" or "md" or "fd") && !disk.Name.StartsWith("sr", StringComparison.Ordinal)) names.Add(disk.Name);
        return names;
    }

    /// <summary>Adds the name that was probably meant when there is no such disk.</summary>
    public static int WithSuggestion(Context context, string name, Func<Context, string, int> action)
    {
        try
        {
            return action(context, name);
        }
        catch (DoraException failure) when (failure.Error?.Error == "disk.not-found")
        {
            string bare = name.StartsWith("/dev/", StringComparison.Ordinal) ? name[5..] : name;
            if (Try(() => Words.Nearest(bare, Names(context))) is not { } near) throw;
            throw new CommandFailure(ExitCodes.Failed, $"{failure.Message}, did you mean '{near}'?", failure.Json);
        }
    }

    private static DiskInfo? Device(Context context, string name) => Try(() =>
    {
        foreach (var disk in context.Client.Disks().Value)
            if (disk.Name == name) return disk;
        return null;
    });

    /// <summary>What is only said beside the rest.</summary>
    private static T? Try<T>(Func<T?> ask) where T : class
    {
        try
        {
            return ask();
        }
        catch (DoraException)
        {
            return null;
        }
    }
}
