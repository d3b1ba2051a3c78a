using System.CommandLine;
using Dora.Core.Protocol;
using Dora.Ctl.Sessions;
using Dora.Core.Client;

namespace Dora.Ctl.Commands;

/// <summary><c>dora run [OPTIONS] -- COMMAND [ARGUMENT...]</c>: a command as a service of its own, for once.</summary>
internal static class RunCommand
{
    public static Command Build(Binder bind)
    {
        var name = new Option<string?>("--name") { Description = "what the service is called; run-N unless told", HelpName = "NAME" };
        var limit = Pairs("--limit", "a file of its cgroup and what to write there, such as memory.max=64M", "FILE=VALUE");
        var slice = new Option<string?>("--slice") { Description = "group whose cgroup, with its limits, it shares with others", HelpName = "GROUP" };
        var user = new Option<string?>("--user") { Description = "user that it runs as", HelpName = "USER" };
        var variable = Pairs("--env", "a variable of its environment", "NAME=VALUE");
        var folder = new Option<string?>("--dir") { Description = "its working directory, / unless told", HelpName = "DIRECTORY" };
        var timeout = new Option<string?>("--timeout") { Description = "how long it may run, such as 90s or 2h", HelpName = "DURATION" };
        var detach = new Option<bool>("--detach", "-d") { Description = "print its name and leave it running" };
        var isInteractive = new Option<bool>("--interactive", "-i") { Description = "with our stdin, stdout and stderr instead of the log" };
        var isTerminal = new Option<bool>("--tty", "-t") { Description = "with a terminal of its own" };
        var detachable = new Option<bool>("--detachable") { Description = "with -i or -t: it goes on without us; 'dora attach' takes it up again" };
        var keys = SessionOptions.DetachKeysOption();
        var words = new CommandWords();
        var command = new Command("run", "run a command once as a service of its own") { name, limit, slice, user, variable, folder, timeout, detach, isInteractive, isTerminal, detachable, keys, words };
        command.Validators.Add(result =>
        {
            if (result.GetValue(detachable) && !result.GetValue(isInteractive) && !result.GetValue(isTerminal)) result.AddError("--detachable goes with --interactive or --tty");
        });
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(detach), request =>
        {
            if (!parsed.GetValue(isInteractive) && !parsed.GetValue(isTerminal)) return null;
            var run = new InteractiveRun(context, "run") { DetachKeys = parsed.GetValue(keys)! };
            var session = new SessionRequest
            {
                Name = request.Name, IsTerminal = parsed.GetValue(isTerminal), Run = request, IsDetachable = parsed.GetValue(detachable) || parsed.GetValue(detach),
            };
            return parsed.GetValue(detach) ? run.Leave(session) : run.Open(session);
        }, new RunRequest
        {
            Name = parsed.GetValue(name),
            Command = parsed.GetValue(words)!,
            Limits = parsed.GetValue(limit) ?? [],
            Variables = parsed.GetValue(variable) ?? [],
            Slice = parsed.GetValue(slice),
            User = parsed.GetValue(user),
            Folder = parsed.GetValue(folder),
            Timeout = parsed.GetValue(timeout),
        })));
        return command;
    }

    public static Option<string[]> Pairs(string name, string description, string form)
    {
        var option = new Option<string[]>(name) { Description = description, HelpName = form };
        option.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
                if (!RunRequest.IsPair(token.Value)) result.AddError($"{name} {token.Value}: {form} is expected");
        });
        return option;
    }

    private static int Run(Context context, bool detach, Func<RunRequest, int?> interactive, RunRequest request)
    {
        try
        {
            if (context.Host is not null)
            {
                // Which programs there are is not known here: env(1) looks, there.
                if (!request.Command[0].Contains('/')) request = request with { Command = ["/usr/bin/env", .. request.Command] };
                return detach ? Detached(context, request) : new AttachedRun(context, request).Follow();
            }
            if (FindProgram(request.Command[0]) is not { } program) throw new CommandFailure(ExitCodes.NotFound, $"run: {request.Command[0]}: no such program in PATH");
            var full = request with { Command = [program, .. request.Command.Skip(1)] };
            if (interactive(full) is { } code) return code;
            return detach ? Detached(context, full) : new AttachedRun(context, full).Follow();
        }
        catch (DoraException failure)
        {
            // Its own codes would look like the command's.
            throw new CommandFailure(ExitCodes.RunFailed, failure.Message, failure.Json, Hints.For(failure));
        }
    }

    private static int Detached(Context context, RunRequest request)
    {
        var (change, json) = Ask(context.Client, request);
        // By now it has been launched, or that has failed.
        var (status, _) = context.Client.Service(change.Service!);
        if (AttachedRun.LaunchFailure(status) is { } failed)
        {
            context.Error.WriteLine($"dora: {context.Error.Foreign($"{status.Name}: {status.Reason}")}");
            context.Error.Flush();
            return failed;
        }
        if (context.Json) context.Out.WriteJson(json);
        else context.Out.WriteLine(context.Out.Foreign(change.Service!));
        return ExitCodes.Ok;
    }

    public static Answer<ChangeInfo> Ask(DoraClient client, RunRequest request) => client.Run(request.ToJson(), request.Name);

    /// <summary>As a shell finds it, with our PATH and working directory; null if there is none.</summary>
    private static string? FindProgram(string program)
    {
        if (program.Contains('/')) return Path.GetFullPath(program);
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin").Split(':'))
        {
            if (folder.Length == 0) continue;
            string path = Path.GetFullPath(Path.Combine(folder, program));
            if (File.Exists(path) && Dora.Core.Linux.Sys.IsExecutable(path)) return path;
        }
        return null;
    }
}
