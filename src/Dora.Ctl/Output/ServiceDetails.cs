using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>One service on the screen: what it is, why it is as it is, what to do, and its last words.</summary>
internal static class ServiceDetails
{
    public static void Write(Screen screen, ServiceStatus status, IReadOnlyList<LogLine> log, TimeSpan now, LogDropped? dropped = null)
    {
        string description = status.Description.Length > 0 ? $" - {status.Description}" : "";
        screen.WriteLine(screen.Paint(Tone.Strong, screen.Foreign(status.Name)) + screen.Foreign(description));
        var fields = new Table("", "") { IsHeaded = false };
        void Field(string name, string value, Tone tone = Tone.Plain) => fields.Add(("  " + name, Tone.Faint), (screen.Foreign(value), tone));

        string since = status.StartedAt is { } at ? $" for {Words.Ago(at, now)} (since {Words.Time(at.Wall)})"
            : status.Since is { } moment && status.State != ServiceStates.Invalid ? $" for {Words.Ago(moment, now)}" : "";
        Field("state", status.State + since, Words.ToneOf(status.State));
        if (status.StatusText is { } text) Field("says", text);
        if (status.Health is { } health) Field("health", health, health == "healthy" ? Tone.Good : Tone.Bad);
        if (status.Reason is { } reason) Field("cause", reason, Words.ToneOf(status.State) == Tone.Good ? Tone.Busy : Words.ToneOf(status.State));
        foreach (var problem in status.Problems)
            if ($"{Position(problem)}: {problem.Message}" is var told && told != status.Reason) Field("problem", told, Tone.Bad);
        if (Advice.For(status) is { } advice) Field("what to do", advice, Tone.Strong);
        if (status.Pid is { } pid) Field("pid", pid.ToString());
        if (status.LastExit is { } exit) Field("last exit", Words.Exit(exit) + (exit.At is { } when ? $", {Words.Ago(when, now)} ago" : ""));
        Field("restarts", status.Restarts.ToString());
        Field("type", status.Type + (status.Transient == true ? ", transient" : ""));
        if (status.InstanceOf is { } template) Field("instance of", template);
        if (status.Pinned is { } pinned) Field("pinned", pinned);
        if (status.Needs.Count > 0) Field("needs", string.Join(", ", status.Needs));
        if (status.Wants is { Count: > 0 } wants) Field("wants", string.Join(", ", wants));
        if (status.Slice is { } slice) Field("slice", slice);
        if (status.Unless is { } unless) Field("unless", unless);
        if (status.Schedule is { } schedule) Field("schedule", string.Join(", ", schedule));
        if (status.NextRun is { } next) Field("next run", JobText.Next(next, now));
        if (status.Sockets.Count > 0) Field("sockets", string.Join(", ", status.Sockets));
        if (status.Connections is { } connections)
            Field("connections", $"{connections} of at most {status.MaxConnections}, {status.Accepted ?? 0} taken and {status.Refused ?? 0} refused since boot");
        if (status.Command.Count > 0) Field("command", string.Join(' ', status.Command));
        if (dropped is not null) Field("log", Words.Dropped(dropped), Tone.Busy);
        if (status.File.Length > 0) Field("file", status.File);
        foreach (string dropIn in status.DropIns) Field("drop-in", dropIn);
        fields.Write(screen);
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
            "reload" => "reloaded",
            "pin-up" => "pinned up",
            "pin-down" => "pinned down",
            "unpin" => "no longer pinned",
            "mask" => "masked",
            "unmask" => "no longer masked",
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
}
