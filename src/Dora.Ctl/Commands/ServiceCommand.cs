using System.CommandLine;
using Dora.Core.Protocol;
using Dora.Core.Client;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora service list|status|start|stop|restart|reload|pin|unpin|mask|unmask|check</c>.</summary>
internal static class ServiceCommand
{
    public static Command Build(Binder bind)
    {
        var list = new Command("list", "all services on one screen");
        list.SetAction(bind(static (context, _) => List(context)));

        var name = new Argument<string>("SERVICE") { Description = "name of a service" };
        var status = new Command("status", "one service: its state, the cause, its last log lines") { name };
        status.SetAction(bind((context, parsed) => WithSuggestion(context, parsed.GetValue(name)!, Status)));

        return new Command("service", "services: list, status, start, stop, restart, reload, pin, mask, check")
        {
            list,
            status,
            Tree(bind),
            Verb("start", "start services and wait until they are ready", bind),
            Verb("stop", "stop services and wait until they are gone", bind),
            Verb("restart", "stop and start services, whatever state they are in", bind),
            ServiceReloadCommand.Build(bind, (context, name) => WithSuggestion(context, name, (c, n) => Change(c, "reload", n))),
            Pin(bind),
            Verb("unpin", "let go of services that are pinned", bind),
            Verb("mask", "stop services and let nobody start them, also after a reboot", bind),
            Verb("unmask", "let services be started again", bind),
            ServiceCheckCommand.Build(bind),
        };
    }

    private static Command Verb(string verb, string description, Binder bind)
    {
        var names = new Argument<string[]>("SERVICE") { Description = "names of services", Arity = ArgumentArity.OneOrMore };
        var command = new Command(verb, description) { names };
        command.SetAction(bind((context, parsed) =>
        {
            int worst = ExitCodes.Ok;
            foreach (string name in parsed.GetValue(names)!)
            {
                int code = WithSuggestion(context, name, (c, n) => Change(c, verb, n));
                if (worst == ExitCodes.Ok) worst = code;
            }
            return worst;
        }));
        return command;
    }

    private static Command Pin(Binder bind)
    {
        var name = new Argument<string>("SERVICE") { Description = "name of a service" };
        var where = new Argument<string>("up|down") { Description = "where it is held" };
        where.AcceptOnlyFromAmong("up", "down");
        var command = new Command("pin", "start or stop a service and hold it there, whatever others ask for") { name, where };
        command.SetAction(bind((context, parsed) =>
            WithSuggestion(context, parsed.GetValue(name)!, (c, n) => Change(c, $"pin-{parsed.GetValue(where)}", n))));
        return command;
    }

    private static Command Tree(Binder bind)
    {
        var name = new Argument<string?>("SERVICE") { Description = "only what this one needs", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("tree", "which service needs which") { name };
        command.SetAction(bind((context, parsed) => Tree(context, parsed.GetValue(name))));
        return command;
    }

    private static int Tree(Context context, string? name)
    {
        var (services, json) = context.Client.Services();
        if (name is not null && !services.Any(service => service.Name == name)) throw NoSuchService(name, $"{name}: there is no such service", services, null);
        if (context.Json) context.Out.WriteJson(json);
        else ServiceTree.Write(context.Out, services, name, context.Now);
        return ExitCodes.Ok;
    }

    private static int List(Context context)
    {
        var (services, json) = context.Client.Services();
        if (context.Json) context.Out.WriteJson(json);
        else ServiceList.Write(context.Out, services, context.Now);
        return ExitCodes.Ok;
    }

    private static int Status(Context context, string name)
    {
        var (status, json) = context.Client.Service(name);
        if (context.Json) context.Out.WriteJson(json);
        else ServiceDetails.Write(context.Out, status, status.Log ?? LastLines(context, name), context.Now, Dropped(context, status.Name));
        return ExitCodes.Ok;
    }

    /// <summary>What a service that could not be started has said last: from the manager where it has it at hand, else from syslog, which may be what has failed.</summary>
    private static List<LogLine> LastWords(Context context, string name)
    {
        const int most = 5;
        var lines = new List<LogLine>();
        try
        {
            if (context.Client.Service(name).Value.Log is { } log) lines.AddRange(log.Skip(log.Count - most));
            else context.Client.Log(DoraClient.LogPath(name, lines: most), lines.Add);
        }
        catch (DoraException)
        {
            // The failure has been told, and what to try next is 'status', which says what is wrong with the log.
        }
        return lines;
    }

    /// <summary>The last lines from syslog, where the manager has none at hand; without syslog the status has to do.</summary>
    private static List<LogLine> LastLines(Context context, string name)
    {
        var lines = new List<LogLine>();
        try
        {
            context.Client.Log(DoraClient.LogPath(name, lines: 10), lines.Add);
        }
        catch (DoraException exception)
        {
            context.Error.WriteLine($"dora: log of {context.Error.Foreign(name)}: {context.Error.Foreign(exception.Message)}");
            context.Error.Flush();
        }
        return lines;
    }

    // What has no answer here (syslog is down, or older) has been told with the lines.
    private static LogDropped? Dropped(Context context, string name)
    {
        try
        {
            foreach (var dropped in context.Client.LogStatus().Value.Dropped)
                if (dropped.Service == name) return dropped;
        }
        catch (DoraException)
        {
        }
        return null;
    }

    private static int Change(Context context, string verb, string name)
    {
        var (change, final) = context.Client.WaitFor(context.Client.Change(name, verb));
        bool failed = change.Status == ChangeInfo.Failed;
        if (context.Json)
        {
            context.Out.WriteJson(final);
        }
        else if (failed)
        {
            context.Error.WriteLine($"dora: {context.Error.Foreign(name)}: {verb} failed: {context.Error.Foreign(change.Error?.Message ?? "no reason is known")}");
            foreach (var line in LastWords(context, name)) context.Error.WriteLine("  " + LogCommand.Format(context.Error, line));
            context.Error.WriteLine($"try 'dora service status {context.Error.Foreign(name)}'");
            context.Error.Flush();
        }
        else
        {
            context.Out.WriteLine(context.Out.Foreign(ServiceDetails.Outcome(change, verb, name)));
            if (verb is "mask" or "unmask") StorageCommand.SayIfInMemory(context, "/etc");
            context.Out.Flush();
        }
        return failed ? ExitCodes.Failed : ExitCodes.Ok;
    }

    /// <summary>Adds the name that was probably meant when there is no such service.</summary>
    private static int WithSuggestion(Context context, string name, Func<Context, string, int> action)
    {
        try
        {
            return action(context, name);
        }
        catch (DoraException failure) when (failure.Error?.Error == "service.not-found")
        {
            if (UnreadFile(context, name) is { } hint) throw new CommandFailure(ExitCodes.NoSuchService, failure.Message, failure.Json, hint);
            throw NoSuchService(name, failure.Message, context.Client.Services().Value, failure.Json);
        }
    }

    /// <summary>What to do where a file of that name lies in the service folders and is not in use; null if none does, or nobody may know.</summary>
    private static string? UnreadFile(Context context, string name)
    {
        foreach (var entry in ServiceReloadCommand.Waiting(context))
            if (entry.Service == name || name.StartsWith(entry.Service + "@", StringComparison.Ordinal))
                return entry.Action == "refuse" ? "its file is there and cannot be used: 'dora service check' shows why" : "its file is there and has not been read: 'dora service reload'";
        return null;
    }

    private static CommandFailure NoSuchService(string name, string message, IReadOnlyList<ServiceSummary> services, byte[]? json)
    {
        var names = new List<string>();
        foreach (var service in services) names.Add(service.Name);
        return Words.Nearest(name, names) is { } near
            ? new(ExitCodes.NoSuchService, $"{message}, did you mean '{near}'?", json)
            : new(ExitCodes.NoSuchService, message, json, Hints.For("service.not-found"));
    }
}
