using System.CommandLine;
using Dora.Core.Protocol;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora events [-f] [--after ID] [SERVICE]</c>: what has happened, and what happens.</summary>
internal static class EventsCommand
{
    public static Command Build(Binder bind)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with what happens until interrupted, also over a restart of the manager" };
        var after = new Option<long>("--after") { Description = "only what happened behind the event with this id", HelpName = "ID" };
        var service = new Argument<string?>("SERVICE") { Description = "only events of this service", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("events", "what has happened to services and machine, and what happens") { follow, after, service };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(after), parsed.GetValue(follow), parsed.GetValue(service))));
        return command;
    }

    private static int Run(Context context, long after, bool follow, string? service)
    {
        context.Client.Events(after, follow, (info, json) =>
        {
            if (service is not null && info.Service != service && info.Kind != EventKinds.Lost) return;
            if (context.Json) context.Out.WriteRaw([.. json, (byte)'\n']);
            else context.Out.WriteLine(Format(context.Out, info));
            context.Out.Flush();
        });
        return ExitCodes.Ok;
    }

    /// <summary>One line: when, what and why; the id is for <c>--after</c>.</summary>
    public static string Format(Screen screen, EventInfo info)
    {
        string when = screen.Paint(Tone.Faint, screen.Foreign($"{info.Id,6} {(info.At is { } at ? Words.Time(at.Wall) : "")}"));
        return $"{when} {Text(screen, info)}";
    }

    private static string Text(Screen screen, EventInfo info)
    {
        string why = info.Reason is { Length: > 0 } reason ? screen.Foreign($": {reason}") : "";
        switch (info.Kind)
        {
            case EventKinds.ServiceState:
                string after = screen.Paint(Words.ToneOf(info.After ?? ""), screen.Foreign(info.After ?? ""));
                return $"{screen.Foreign($"{info.Service}: {info.Before ?? "new"}")} -> {after}{(info.Pid is { } pid ? $" (pid {pid})" : "")}{why}";
            case EventKinds.ServiceRemoved:
                return screen.Foreign($"{info.Service}: is no more") + why;
            case EventKinds.Change:
                var tone = info.Status switch { ChangeInfo.Failed => Tone.Bad, ChangeInfo.Done => Tone.Good, _ => Tone.Busy };
                return $"{screen.Foreign($"{info.Service ?? "machine"}: {info.Verb} (change {info.Change})")}: {screen.Paint(tone, screen.Foreign(info.Status ?? ""))}{why}";
            case EventKinds.Machine:
                return screen.Foreign($"machine: {(info.Status == MachineStatus.Running ? "nothing is planned any more" : $"{info.Verb} {(info.Status == MachineStatus.Scheduled ? "is scheduled" : "has begun")}")}") + why;
            case EventKinds.ManagerStarted:
                return "manager: serves";
            case EventKinds.DiskAppeared or EventKinds.DiskDisappeared:
                return screen.Foreign($"disk {info.Disk}: {(info.Kind == EventKinds.DiskAppeared ? "is there" : "is gone")}") + why;
            case EventKinds.StorageChanged:
                string change = info.After is { } now && info.Before is { } was && was != now ? screen.Foreign($": {was} -> {now}") : "";
                return screen.Paint(info.After == "ready" ? Tone.Good : Tone.Bad, "storage") + change + why;
            case EventKinds.Lost:
                return screen.Paint(Tone.Busy, info.Lost is { } lost ? $"{lost} events are kept no more" : "the events that were asked for are from another boot");
            default:
                return screen.Foreign($"{info.Kind} {info.Service} {info.Status}") + why;
        }
    }
}
