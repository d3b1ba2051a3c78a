using System.CommandLine;
using Dora.Ctl.Sessions;

namespace Dora.Ctl.Commands;

/// <summary><c>dora exec SERVICE -- COMMAND [ARGUMENT...]</c> and <c>dora shell [SERVICE]</c>: a command where a service runs, or a shell.</summary>
internal static class ExecCommand
{
    public static Command Build(Binder bind)
    {
        var options = new SessionOptions();
        var service = new Argument<string>("SERVICE") { Description = "the service in whose surroundings it runs" };
        var words = new CommandWords();
        var command = new Command("exec", "run a command in the surroundings of a service: its namespaces, root, user and limits") { service, words };
        options.AddTo(command);
        command.SetAction(bind((context, parsed) => new InteractiveRun(context, "exec") { DetachKeys = parsed.GetValue(options.Keys)! }
            .Open(options.Request(parsed, parsed.GetValue(service), parsed.GetValue(words)!))));
        return command;
    }

    public static Command BuildShell(Binder bind)
    {
        var options = new SessionOptions();
        var service = new Argument<string?>("SERVICE") { Description = "the service in whose surroundings it is; the machine itself without", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("shell", "a shell on the machine, or in the surroundings of a service") { service };
        options.AddTo(command);
        command.SetAction(bind((context, parsed) => new InteractiveRun(context, "shell") { DetachKeys = parsed.GetValue(options.Keys)! }
            .Open(options.Request(parsed, parsed.GetValue(service), []))));
        return command;
    }

    public static Command BuildAttach(Binder bind)
    {
        var name = new Argument<string>("NAME") { Description = "the session" };
        var keys = SessionOptions.DetachKeysOption();
        var noInput = new Option<bool>("--no-stdin") { Description = "only look on" };
        var command = new Command("attach", "take part in a session: of dora run -t, exec or shell") { name, keys, noInput };
        command.SetAction(bind((context, parsed) => new InteractiveRun(context, "attach") { DetachKeys = parsed.GetValue(keys)! }
            .Attach(parsed.GetValue(name)!, !parsed.GetValue(noInput))));
        return command;
    }
}
