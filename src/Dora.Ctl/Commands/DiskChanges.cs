using System.CommandLine;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol.Storage;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary>
/// <c>dora disk claim|add|remove|release|scrub</c>. Whatever writes to a disk first shows which one it is and what is on it, and
/// asks; where nobody can be asked, only <c>--yes</c> will do.
/// </summary>
internal static class DiskChanges
{
    private static Option<bool> YesOption() => new("--yes", "-y") { Description = "do not ask" };

    private static Option<string?> TokenOption() => new("--token") { Description = "for a disk that is not empty: what 'dora disk show' gives for it as it is now", HelpName = "TOKEN" };

    public static Command Claim(Binder bind)
    {
        var name = DiskCommand.DiskArgument();
        var dryRun = new Option<bool>("--dry-run", "-n") { Description = "show each write, and make none" };
        var token = TokenOption();
        var fileSystem = new Option<string?>("--file-system") { Description = "btrfs or ext4", HelpName = "TYPE" };
        fileSystem.AcceptOnlyFromAmong("btrfs", "ext4");
        var yes = YesOption();
        var command = new Command("claim", "make a disk the machine's storage") { name, dryRun, token, fileSystem, yes };
        command.SetAction(bind((context, parsed) =>
        {
            bool isDry = parsed.GetValue(dryRun);
            var question = new Question("claim it, and write a new partition table and file system to it", !isDry, parsed.GetValue(token), isDry || parsed.GetValue(yes));
            return Change(context, parsed.GetValue(name)!, "claim", question,
                (disk, take) => context.Client.ClaimDisk(disk, take, isDry, parsed.GetValue(token), parsed.GetValue(fileSystem)));
        }));
        return command;
    }

    public static Command Add(Binder bind)
    {
        var name = DiskCommand.DiskArgument();
        var yes = YesOption();
        var command = new Command("add", "add an empty disk to the storage that there is") { name, yes };
        command.SetAction(bind((context, parsed) => Change(context, parsed.GetValue(name)!, "add", new Question("add it to the storage, and write a new partition table to it", false, null, parsed.GetValue(yes)),
            context.Client.AddDisk)));
        return command;
    }

    public static Command Remove(Binder bind)
    {
        var name = DiskCommand.DiskArgument();
        var yes = YesOption();
        var command = new Command("remove", "move what lies on a disk to the others of the storage, and let go of it") { name, yes };
        command.SetAction(bind((context, parsed) => Change(context, parsed.GetValue(name)!, "remove", new Question("move what lies on it to the other disks", false, null, parsed.GetValue(yes)),
            context.Client.RemoveDisk)));
        return command;
    }

    public static Command Release(Binder bind)
    {
        var name = DiskCommand.DiskArgument();
        var token = TokenOption();
        var yes = YesOption();
        var command = new Command("release", "let go of a disk: what lies on it is lost") { name, token, yes };
        command.SetAction(bind((context, parsed) =>
            Change(context, parsed.GetValue(name)!, "release", new Question("let go of it; all that lies on it is lost", true, parsed.GetValue(token), parsed.GetValue(yes)),
                (disk, take) => context.Client.ReleaseDisk(disk, take, parsed.GetValue(token)))));
        return command;
    }

    public static Command Scrub(Binder bind)
    {
        var name = new Argument<string?>("DISK") { Description = "only this disk of the storage", Arity = ArgumentArity.ZeroOrOne };
        var status = new Option<bool>("--status") { Description = "how far a scrub is, or how the last one ended" };
        var cancel = new Option<bool>("--cancel") { Description = "end a scrub that runs" };
        var command = new Command("scrub", "read all of the storage and compare it with its checksums") { name, status, cancel };
        command.SetAction(bind((context, parsed) =>
        {
            if (parsed.GetValue(status) || parsed.GetValue(cancel))
            {
                var (scrub, json) = parsed.GetValue(cancel) ? context.Client.CancelScrub() : context.Client.ScrubStatus();
                if (context.Json) context.Out.WriteJson(json);
                else DiskReport.WriteScrub(context.Out, scrub);
                return scrub.Uncorrectable > 0 ? ExitCodes.Failed : ExitCodes.Ok;
            }
            int Run(Context _, string? disk)
            {
                var progress = new StepText(context.Out, context.Json);
                var result = context.Client.Scrub(disk, progress.Take);
                progress.End(result);
                return result.Scrub?.Uncorrectable > 0 ? ExitCodes.Failed : ExitCodes.Ok;
            }
            return parsed.GetValue(name) is { } one ? DiskCommand.WithSuggestion(context, one, Run) : Run(context, null);
        }));
        return command;
    }

    /// <param name="What">What is going to be done.</param>
    /// <param name="MayNeedToken">A disk that gives a token is left alone without it.</param>
    /// <param name="Token">The token that was given.</param>
    /// <param name="IsAnswered">Nobody needs to be asked.</param>
    private sealed record Question(string What, bool MayNeedToken, string? Token, bool IsAnswered);

    private static int Change(Context context, string name, string verb, Question question, Func<string, Action<DiskStep, byte[]>, DiskResult> act) =>
        DiskCommand.WithSuggestion(context, name, (_, disk) =>
        {
            var (status, _) = context.Client.StorageDisk(disk);
            // Who it is about, before anything is done, and whoever reads the JSON has it from the disk itself.
            var about = context.Json ? context.Error : context.Out;
            DiskReport.WriteIdentity(about, status);
            about.Flush();
            if (question is { MayNeedToken: true, Token: null } && status.Token is { } token && (verb == "release" || status.State is DiskStates.Foreign or DiskStates.Unsure))
                throw new CommandFailure(ExitCodes.Failed, $"{status.Name}: {(verb == "release" ? "what lies on it would be lost" : $"is not empty: {status.Reason ?? status.State}")}; nothing was written",
                    hint: $"if you are sure: dora disk {verb} {status.Name} --token {token}");
            if (!question.IsAnswered && !IsConfirmed(context, status, question.What)) return ExitCodes.Failed;
            var progress = new StepText(context.Out, context.Json);
            progress.End(act(disk, progress.Take));
            return ExitCodes.Ok;
        });

    private static bool IsConfirmed(Context context, DiskStatus disk, string what)
    {
        var input = new FileDescriptor(0); // borrowed
        if (!Sys.IsTerminal(input))
            throw new CommandFailure(ExitCodes.Usage, $"{disk.Name}: nobody can be asked, and nothing was written", hint: "say --yes if it is the disk that you mean");
        context.Error.Write($"{context.Error.Foreign(disk.Name)}: {what}? (yes/no) ");
        context.Error.Flush();
        Span<byte> answer = stackalloc byte[256];
        _ = Sys.Read(input, answer, out int count);
        if (Encoding.UTF8.GetString(answer[..count]).Trim() == "yes") return true;
        context.Error.WriteLine("nothing was written");
        context.Error.Flush();
        return false;
    }
}
