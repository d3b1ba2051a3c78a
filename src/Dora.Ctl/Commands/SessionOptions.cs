using System.CommandLine;
using Dora.Ctl.Sessions;

namespace Dora.Ctl.Commands;

/// <summary>Options that the commands with an interactive session share.</summary>
internal sealed class SessionOptions
{
    public Option<bool> Terminal { get; } = new("--tty", "-t") { Description = "with a terminal, also where dora itself is not on one" };
    public Option<bool> NoTerminal { get; } = new("--no-tty", "-T") { Description = "without a terminal: bytes as they are, stdout and stderr apart" };
    public Option<bool> Detachable { get; } = new("--detachable") { Description = "it goes on without us; 'dora attach' takes it up again" };
    public Option<string?> User { get; } = new("--user", "-u") { Description = "user that it runs as", HelpName = "USER" };
    public Option<string[]> Variable { get; } = RunCommand.Pairs("--env", "a variable of its environment", "NAME=VALUE");
    public Option<string?> Folder { get; } = new("--dir") { Description = "its working directory", HelpName = "DIRECTORY" };
    public Option<string?> Name { get; } = new("--name") { Description = "what the session is called", HelpName = "NAME" };
    public Option<string> Keys { get; } = DetachKeysOption();

    public static Option<string> DetachKeysOption()
    {
        var option = new Option<string>("--detach-keys") { Description = "keys that leave a detachable session alone", HelpName = "KEYS", DefaultValueFactory = _ => DetachKeys.Usual };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (DetachKeys.Parse(token.Value) is null) result.AddError($"--detach-keys {token.Value}: keys with commas in between are expected, such as {DetachKeys.Usual}");
        });
        return option;
    }

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[Terminal, NoTerminal, Detachable, User, Variable, Folder, Name, Keys]) command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(Terminal) && result.GetValue(NoTerminal)) result.AddError("--tty and --no-tty contradict each other");
        });
    }

    public SessionRequest Request(ParseResult parsed, string? service, IReadOnlyList<string> command) => new()
    {
        Service = service,
        Name = parsed.GetValue(Name),
        IsTerminal = IsTerminal(parsed),
        IsDetachable = parsed.GetValue(Detachable),
        Run = new RunRequest
        {
            Command = command,
            Variables = parsed.GetValue(Variable) ?? [],
            User = parsed.GetValue(User),
            Folder = parsed.GetValue(Folder),
        },
    };

    private bool IsTerminal(ParseResult parsed) => parsed.GetValue(Terminal) || (!parsed.GetValue(NoTerminal) && SessionClient.IsOnTerminal);
}
