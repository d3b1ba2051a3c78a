using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>All services on one screen that answers "is everything fine?": the answer stands last, above the prompt.</summary>
internal static class ServiceList
{
    private const int Since = 2, Pid = 3, Restarts = 4;

    /// <summary>Causes that are told again below the table; with more of them something bigger is wrong.</summary>
    private const int MostCauses = 10;

    public static void Write(Screen screen, IReadOnlyList<ServiceSummary> services, TimeSpan now)
    {
        var table = new Table("SERVICE", "STATE", "SINCE", "PID", "RESTARTS", "NOTE") { AlignRight = [Pid, Restarts], Dispensable = [Pid, Restarts, Since] };
        foreach (var service in services)
        {
            var tone = ToneOf(service);
            table.Add((screen.Foreign(service.Name), tone == Tone.Bad ? Tone.Bad : Tone.Plain), (screen.Foreign(service.State), tone),
                (service.StartedAt is { } at ? Words.Ago(at, now) : "-", Tone.Plain),
                (service.Pid?.ToString() ?? "-", Tone.Plain), (service.Restarts.ToString(), service.Restarts > 0 ? Tone.Busy : Tone.Plain),
                (screen.Foreign(NoteOf(service)), service.Reason is null ? Tone.Faint : tone));
        }
        table.Write(screen);
        screen.WriteLine();
        WriteAnswer(screen, services);
    }

    /// <summary>That of its state; but what runs with a fault (unhealthy, its file not used) is not simply running, and what waits for its restart has failed.</summary>
    private static Tone ToneOf(ServiceSummary service) => IsTroubled(service) ? Tone.Busy : Words.ToneOf(service.State);

    private static bool IsTroubled(ServiceSummary service) =>
        service.State == ServiceStates.Backoff || IsStoppedLog(service) || (service is { Reason: not null, State: ServiceStates.Running or ServiceStates.Listening } && service.Transient != true);

    /// <summary>Any other service may be stopped as its operator likes; without the log nobody sees what becomes of all.</summary>
    private static bool IsStoppedLog(ServiceSummary service) => service is { Name: "syslog", State: ServiceStates.Stopped or ServiceStates.Masked };

    private static string NoteOf(ServiceSummary service)
    {
        string note = service.Reason ?? (service.Sockets.Count > 0 ? string.Join(", ", service.Sockets) : service.Description);
        if (service.Pinned is { } pinned) note = note.Length > 0 ? $"pinned {pinned}: {note}" : $"pinned {pinned}";
        return service.Transient == true ? $"transient: {note}" : note;
    }

    private static void WriteAnswer(Screen screen, IReadOnlyList<ServiceSummary> services)
    {
        var bad = new List<ServiceSummary>();
        var troubled = new List<ServiceSummary>();
        var busy = new List<ServiceSummary>();
        int masked = 0, pinned = 0;
        foreach (var service in services)
        {
            if (service.State == ServiceStates.Masked) masked++;
            if (service.Pinned is not null) pinned++;
            var tone = Words.ToneOf(service.State);
            if (tone == Tone.Bad) bad.Add(service);
            else if (IsTroubled(service)) troubled.Add(service);
            else if (tone == Tone.Busy) busy.Add(service);
        }
        string aside = (masked, pinned) switch
        {
            (0, 0) => "",
            (_, 0) => $" ({masked} masked)",
            (0, _) => $" ({pinned} pinned)",
            _ => $" ({masked} masked, {pinned} pinned)",
        };
        string count = services.Count == 1 ? "1 service" : $"{services.Count} services";
        if (bad.Count + troubled.Count + busy.Count == 0)
        {
            screen.WriteLine(screen.Paint(Tone.Good, $"{count}, all fine{aside}"));
            return;
        }
        var parts = new List<string>();
        if (bad.Count > 0) parts.Add($"{bad.Count} failed");
        if (troubled.Count > 0) parts.Add($"{troubled.Count} in trouble");
        if (busy.Count > 0) parts.Add($"{busy.Count} on the way");
        parts.Add($"{services.Count - bad.Count - troubled.Count - busy.Count} fine");
        Layout.WriteSentence(screen, bad.Count > 0 ? Tone.Bad : Tone.Busy, $"{count}: {string.Join(", ", parts)}{aside}");
        if (busy.Count > 0 && bad.Count + troubled.Count == 0)
        {
            var names = new List<string>();
            foreach (var service in busy) names.Add(service.Name);
            Layout.WriteSentence(screen, Tone.Plain, $"on the way: {screen.Foreign(string.Join(", ", names))}", indent: 2);
        }
        WriteCauses(screen, [.. bad, .. troubled]);
    }

    private static void WriteCauses(Screen screen, List<ServiceSummary> problems)
    {
        for (int i = 0; i < problems.Count && i < MostCauses; i++)
        {
            var service = problems[i];
            Layout.WriteSentence(screen, Tone.Plain, screen.Foreign($"{service.Name}: {service.State}{(service.Reason is { } reason ? $": {reason}" : IsStoppedLog(service) ? ": nothing is logged" : "")}"), indent: 2);
        }
        if (problems.Count > MostCauses) screen.WriteLine($"  and {problems.Count - MostCauses} more");
        if (problems.Count > 0) screen.WriteLine(screen.Foreign($"try 'dora service status {problems[0].Name}'"));
    }
}
