using System.CommandLine;
using Dora.Core.Linux;

namespace Dora.Ctl.Commands;

/// <summary>
/// <c>dora help [COMMAND|PAGE]</c>: the manual. The image has its pages as plain text (docs/man/build), since a formatter would be
/// larger than all of them.
/// </summary>
internal static class HelpCommand
{
    private const string Manual = "/usr/share/man";

    /// <summary>Commands whose page has the name of another.</summary>
    private static readonly Dictionary<string, string> s_pages = new(StringComparer.Ordinal)
    {
        ["events"] = "log", ["shell"] = "exec", ["attach"] = "exec", ["poweroff"] = "shutdown", ["reboot"] = "shutdown", ["halt"] = "shutdown", ["kexec"] = "shutdown", ["soft-reboot"] = "shutdown",
        ["storage"] = "disk",
    };

    public static Command Build(Binder bind)
    {
        var topic = new Argument<string[]>("COMMAND|PAGE") { Description = "a command, or a page such as dora-service.5", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("help", "the manual: a page for each command and file format") { topic };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(topic) is [var first, ..] ? first : "dora", Manual)));
        return command;
    }

    public static int Run(Context context, string topic, string manual)
    {
        foreach (string name in new[] { "dora-" + s_pages.GetValueOrDefault(topic, topic), topic })
        {
            if (name.Contains('/')) continue;
            foreach (char section in "1578")
            {
                string page = name.EndsWith($".{section}", StringComparison.Ordinal) ? name : $"{name}.{section}";
                if (Sys.ReadText($"{manual}/cat{section}/{page}") is not { } text) continue;
                context.Out.Write(text);
                return ExitCodes.Ok;
            }
        }
        throw new CommandFailure(ExitCodes.Failed, $"help: there is no page about '{topic}' below {manual}", hint: "'dora --help' lists the commands, and 'dora COMMAND --help' what they take");
    }
}
