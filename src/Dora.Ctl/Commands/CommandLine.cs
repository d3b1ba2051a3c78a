using System.CommandLine;
using System.CommandLine.Parsing;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
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
        bool isJson = parsed.GetResult(s_json) is { Implicit: false };
        try
        {
            if (parsed.Action is not System.CommandLine.Help.HelpAction)
            {
                string? unknown = UnknownOption(parsed) ?? (parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null);
                if (unknown is not null || parsed.Errors.Count > 0) return Misused(parsed, unknown, isJson ? output : null, error);
            }
            int code = parsed.Invoke(new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false });
            output.Flush();
            return code;
        }
        catch (DoraException failure)
        {
            return Failed(failure.Message, Hints.For(failure), failure.Error is null ? null : failure.Json, ExitCodes.Of(failure));
        }
        catch (CommandFailure failure)
        {
            return Failed(failure.Message, failure.Hint, failure.Json, failure.ExitCode);
        }
        catch (LinuxException exception)
        {
            return Failed(exception.Message, null, null, ExitCodes.Failed);
        }
        catch (OutputClosedException closed)
        {
            // "dora log | head": the reader has what it wanted.
            return closed.Errno == Errno.EPIPE ? ExitCodes.Ok : ExitCodes.Failed;
        }

        int Failed(string message, string? hint, byte[]? json, int exitCode)
        {
            if (isJson) output.WriteJson(json is { Length: > 0 } ? json : ErrorOf(exitCode, message));
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

    /// <summary>What begins with <c>-</c> in front of <c>--</c> and would be taken for a name; null if there is none.</summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        var names = new HashSet<Token>(ReferenceEqualityComparer.Instance);
        foreach (var child in parsed.CommandResult.Children)
            if (child is ArgumentResult { Argument: not CommandWords } argument) names.UnionWith(argument.Tokens);
        foreach (var token in parsed.Tokens)
        {
            if (token.Type is TokenType.DoubleDash) return null;
            if (token.Value is ['-', _, ..] && names.Contains(token)) return token.Value;
        }
        return null;
    }

    /// <summary>The body of an error that no answer has brought, as <c>--json</c> tells it.</summary>
    private static byte[] ErrorOf(int exitCode, string message) => JsonMapWriter.Write(new ErrorBody(exitCode switch
    {
        ExitCodes.Usage => "dora.usage",
        ExitCodes.NoSuchService => "service.not-found",
        ExitCodes.NotPermitted => "access.denied",
        ExitCodes.NotReachable => "dora.not-reachable",
        _ => "dora.failed",
    }, message));

    private static int Misused(ParseResult parsed, string? unknown, Screen? json, Screen error)
    {
        var command = parsed.CommandResult.Command;
        var path = new List<string>();
        for (SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
            if (at is CommandResult { Command: not RootCommand } result) path.Insert(0, result.Command.Name);
        string name = string.Join(' ', path.Prepend("dora"));

        var problems = new List<string>();
        if (unknown is not null)
        {
            var known = new List<string>();
            foreach (var sub in command.Subcommands) known.Add(sub.Name);
            foreach (var option in command.Options) known.Add(option.Name);
            known.Add(s_json.Name);
            known.Add(s_socket.Name);
            known.Add(s_host.Name);
            problems.Add($"'{unknown}' is not known{(Words.Nearest(unknown, known) is { } near ? $", did you mean '{near}'?" : "")}");
        }
        else
        {
            foreach (var problem in parsed.Errors) problems.Add(problem.Message.TrimEnd('.'));
        }
        foreach (string problem in problems) error.WriteLine($"{name}: {error.Foreign(problem)}");
        json?.WriteJson(ErrorOf(ExitCodes.Usage, $"{name}: {string.Join("; ", problems)}"));
        error.WriteLine($"try '{name} --help'");
        error.Flush();
        return ExitCodes.Usage;
    }
}
