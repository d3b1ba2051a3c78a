using System.CommandLine;
using Dora.Core.Linux;
using Dora.Core.Client;
using Dora.Ctl.Output;
using Dora.Ctl.Remote;

namespace Dora.Ctl.Commands;

/// <summary>The verbs of dora as one tree, and the way from arguments to an exit code.</summary>
internal static class CommandLine
{
    private static readonly Option<bool> s_json = new("--json") { Description = "print the API's JSON instead of words", Recursive = true };

    private static readonly Option<string> s_socket = new("--socket")
    {
        Description = "socket of the system",
        HelpName = "PATH",
        Recursive = true,
        DefaultValueFactory = _ => DoraClient.DefaultSocket,
    };

    private static readonly Option<string?> s_host = new("--host")
    {
        Description = "another machine, by ssh: user@machine, or what ssh_config(5) names",
        HelpName = "HOST",
        Recursive = true,
    };

    public static int Run(string[] arguments, Screen output, Screen error)
    {
        var root = Build(output, error);
        // An argument that begins with @ is what it is, not a file with further arguments: "dora run -- git push @{u}".
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            if (parsed.Errors.Count > 0 && parsed.Action is not System.CommandLine.Help.HelpAction) return Misused(parsed, error);
            int code = parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
            output.Flush();
            return code;
        }
        catch (DoraException failure)
        {
            return Failed(failure.Message, Hints.For(failure), failure.Json, ExitCodes.Of(failure));
        }
        catch (CommandFailure failure)
        {
            return Failed(failure.Message, failure.Hint, failure.Json, failure.ExitCode);
        }
        catch (LinuxException exception)
        {
            error.WriteLine($"dora: {exception.Message}");
            error.Flush();
            return ExitCodes.Failed;
        }
        catch (OutputClosedException closed)
        {
            // "dora log | head": the reader has what it wanted.
            return closed.Errno == Errno.EPIPE ? ExitCodes.Ok : ExitCodes.Failed;
        }

        int Failed(string message, string? hint, byte[]? json, int exitCode)
        {
            if (parsed.GetValue(s_json) && json is { Length: > 0 }) output.WriteRaw(json);
            output.Flush();
            error.WriteLine($"dora: {error.Foreign(message)}");
            if (hint is not null) error.WriteLine($"hint: {error.Foreign(hint)}");
            error.Flush();
            return exitCode;
        }
    }

    internal static RootCommand Build(Screen output, Screen error)
    {
        Func<ParseResult, int> Bind(Func<Context, ParseResult, int> command) => parsed =>
        {
            string socket = parsed.GetValue(s_socket)!;
            string? host = parsed.GetValue(s_host);
            using var tunnel = host is null ? null : SshTunnel.Open(host, socket);
            var client = new DoraClient(tunnel?.SocketPath ?? socket) { Notice = Say, IsDistant = tunnel is not null };
            return command(new Context(client, output, error, parsed.GetValue(s_json)) { Host = host }, parsed);
        };

        void Say(string text)
        {
            error.WriteLine($"dora: {error.Foreign(text)}");
            error.Flush();
        }

        return new RootCommand("Pandora's services, logs and power, through init's API")
        {
            s_json,
            s_socket,
            s_host,
            ServiceCommand.Build(Bind),
            LogCommand.Build(Bind),
            CronCommand.Build(Bind),
            RunCommand.Build(Bind),
            ExecCommand.Build(Bind),
            ExecCommand.BuildShell(Bind),
            ExecCommand.BuildAttach(Bind),
            TopCommand.Build(Bind),
            EventsCommand.Build(Bind),
            BootCommand.Build(Bind),
            VersionCommand.Build(Bind),
            InformationCommand.Build(Bind),
            FileCommand.Build(Bind),
            DiskCommand.Build(Bind),
            StorageCommand.Build(Bind),
            MachineCommand.Build("poweroff", "stop all services in order and switch the machine off", Bind),
            MachineCommand.Build("reboot", "stop all services in order and start the machine anew", Bind),
            MachineCommand.Build("halt", "stop all services in order and leave the machine on, doing nothing", Bind),
            MachineCommand.Build("kexec", "stop all services in order and start a kernel without the firmware", Bind),
            MachineCommand.Build("soft-reboot", "stop all services in order and start them anew; the kernel and PID 1 live on", Bind),
            MachineCommand.BuildShutdown(Bind),
            InitCommand.Build(Bind),
            ApiCommand.Build(Bind),
            CompletionCommand.Build(Bind),
            HelpCommand.Build(Bind),
            CompletionCommand.BuildHidden(Bind),
        };
    }

    private static int Misused(ParseResult parsed, Screen error)
    {
        var command = parsed.CommandResult.Command;
        var path = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
            if (at is System.CommandLine.Parsing.CommandResult { Command: not RootCommand } result) path.Insert(0, result.Command.Name);
        string name = string.Join(' ', path.Prepend("dora"));

        if (parsed.UnmatchedTokens.Count > 0)
        {
            string token = parsed.UnmatchedTokens[0];
            var known = new List<string>();
            foreach (var sub in command.Subcommands) known.Add(sub.Name);
            foreach (var option in command.Options) known.Add(option.Name);
            known.Add(s_json.Name);
            known.Add(s_socket.Name);
            known.Add(s_host.Name);
            string meant = Words.Nearest(token, known) is { } near ? $", did you mean '{near}'?" : "";
            error.WriteLine($"{name}: '{error.Foreign(token)}' is not known{meant}");
        }
        else
        {
            foreach (var problem in parsed.Errors) error.WriteLine($"{name}: {error.Foreign(problem.Message.TrimEnd('.'))}");
        }
        error.WriteLine($"try '{name} --help'");
        error.Flush();
        return ExitCodes.Usage;
    }
}
