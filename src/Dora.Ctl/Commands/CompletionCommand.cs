using System.CommandLine;

namespace Dora.Ctl.Commands;

/// <summary><c>dora completion SHELL</c>, and <c>dora complete</c>, which the shells ask.</summary>
internal static class CompletionCommand
{
    public static Command Build(Binder bind)
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new Command("completion", "print what a shell needs to complete dora's commands, options and names of services") { shell };
        command.SetAction(bind((context, parsed) =>
        {
            context.Out.Write(parsed.GetValue(shell) switch
            {
                "bash" => CompletionScripts.Bash,
                "zsh" => CompletionScripts.Zsh,
                _ => CompletionScripts.Fish,
            });
            return ExitCodes.Ok;
        }));
        return command;
    }

    /// <summary>Not for people, so not in the help.</summary>
    public static Command BuildHidden(Binder bind)
    {
        var words = new Argument<string[]>("WORD") { Description = "the line behind dora, up to the cursor", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("complete", "what may stand at the end of a line, for a shell") { words };
        command.Hidden = true;
        command.SetAction(bind((context, parsed) =>
        {
            foreach (string item in Completion.For(parsed.RootCommandResult.Command, parsed.GetValue(words) ?? [], kind => Completion.NamesOf(context.Client, kind)))
                context.Out.WriteLine(context.Out.Foreign(item));
            return ExitCodes.Ok;
        }));
        return command;
    }
}
