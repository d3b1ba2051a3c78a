using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>Services on the screen.</summary>
internal static class ServiceReport
{
    public static void WriteList(Screen screen, IReadOnlyList<ServiceSummary> services, TimeSpan now)
    {
        var table = new Table("SERVICE", "STATE", "SINCE", "PID", "RESTARTS", "NOTE") { AlignRight = [3, 4] };
        var bad = new List<string>();
        var busy = new List<string>();
        foreach (var service in services)
        {
            var tone = Words.ToneOf(service.State);
            if (tone == Tone.Bad) bad.Add(service.Name);
            if (tone == Tone.Busy) busy.Add(service.Name);
            string note = service.Transient == true ? $"transient: {service.Reason ?? service.Description}"
                : service.Reason ?? (service.Pinned is { } pinned ? $"pinned {pinned}" : null) ?? (service.Sockets.Count > 0 ? string.Join(", ", service.Sockets) : service.Description);
            table.Add((screen.Foreign(service.Name), Tone.Plain), (screen.Foreign(service.State), tone),
                (service.StartedAt is { } at ? Words.Ago(at, now) : "-", Tone.Plain),
                (service.Pid?.ToString() ?? "-", Tone.Plain), (service.Restarts.ToString(), service.Restarts > 0 ? Tone.Busy : Tone.Plain),
                (screen.Foreign(note), service.Reason is null ? Tone.Faint : tone));
        }
        table.Write(screen);
        screen.WriteLine();
        string count = services.Count == 1 ? "1 service" : $"{services.Count} services";
        if (bad.Count == 0 && busy.Count == 0) screen.WriteLine(screen.Paint(Tone.Good, $"{count}, all fine"));
        if (bad.Count > 0) screen.WriteLine(screen.Paint(Tone.Bad, $"{count}, {bad.Count} failed: {screen.Foreign(string.Join(", ", bad))}"));
        if (busy.Count > 0) screen.WriteLine(screen.Paint(Tone.Busy, $"{count}, {busy.Count} on the way: {screen.Foreign(string.Join(", ", busy))}"));
    }

    public static void WriteStatus(Screen screen, ServiceStatus status, IReadOnlyList<LogLine> log, TimeSpan now)
    {
        string description = status.Description.Length > 0 ? $" - {status.Description}" : "";
        screen.WriteLine(screen.Foreign(status.Name + description));
        string since = status.StartedAt is { } at ? $" for {Words.Ago(at, now)} (since {Words.Time(at.Wall)})" : "";
        Line(screen, "state", screen.Paint(Words.ToneOf(status.State), screen.Foreign(status.State)) + screen.Foreign(since));
        if (status.StatusText is { } text) Line(screen, "says", screen.Foreign(text));
        if (status.Health is { } health) Line(screen, "health", screen.Paint(health == "healthy" ? Tone.Good : Tone.Bad, screen.Foreign(health)));
        if (status.Reason is { } reason) Line(screen, "cause", screen.Foreign(reason));
        foreach (var problem in status.Problems)
            Line(screen, "problem", screen.Paint(Tone.Bad, screen.Foreign($"{Position(problem)}: {problem.Message}")));
        if (status.Pid is { } pid) Line(screen, "pid", pid.ToString());
        if (status.LastExit is { } exit) Line(screen, "last exit", screen.Foreign(Words.Exit(exit) + (exit.At is { } when ? $", {Words.Ago(when, now)} ago" : "")));
        Line(screen, "restarts", status.Restarts.ToString());
        Line(screen, "type", screen.Foreign(status.Type));
        if (status.InstanceOf is { } template) Line(screen, "instance of", screen.Foreign(template));
        if (status.Pinned is { } pinned) Line(screen, "pinned", screen.Foreign(pinned));
        if (status.Needs.Count > 0) Line(screen, "needs", screen.Foreign(string.Join(", ", status.Needs)));
        if (status.Sockets.Count > 0) Line(screen, "sockets", screen.Foreign(string.Join(", ", status.Sockets)));
        if (status.Connections is { } connections)
            Line(screen, "connections", $"{connections} of at most {status.MaxConnections}, {status.Accepted ?? 0} taken and {status.Refused ?? 0} refused since boot");
        if (status.Command.Count > 0) Line(screen, "command", screen.Foreign(string.Join(' ', status.Command)));
        if (status.File.Length > 0) Line(screen, "file", screen.Foreign(status.File));
        foreach (string dropIn in status.DropIns) Line(screen, "drop-in", screen.Foreign(dropIn));
        if (log.Count == 0) return;
        screen.WriteLine();
        foreach (var line in log) screen.WriteLine(Commands.LogCommand.Format(screen, line));
    }

    /// <summary>The end of a change in words: <c>web: started, it was stopped and is running</c>.</summary>
    public static string Outcome(ChangeInfo change, string verb, string name)
    {
        string done = verb switch
        {
            "start" => "started",
            "stop" => "stopped",
            "pin-up" => "pinned up",
            "pin-down" => "pinned down",
            "unpin" => "no longer pinned",
            "mask" => "masked",
            "unmask" => "no longer masked",
            "reload" => "reloaded",
            _ => "restarted",
        };
        string along = change.Along is { Count: > 0 } users ? $"; with it, since they need it: {string.Join(", ", users)}" : "";
        if (change.Before is null || change.After is null) return $"{name}: {done}{along}";
        return change.Before == change.After && verb is "start" or "stop"
            ? $"{name}: nothing to do, it is {change.After}"
            : $"{name}: {done}, it was {change.Before} and is {change.After}{along}";
    }

    private static string Position(ServiceProblem problem) =>
        problem.Line == 0 ? problem.File : problem.Column == 0 ? $"{problem.File}:{problem.Line}" : $"{problem.File}:{problem.Line}:{problem.Column}";

    private static void Line(Screen screen, string name, string value) => screen.WriteLine($"  {name,-12}{value}");
}
