using System.Text.Json;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Control;

/// <summary>The API as one table. docs/protocol.md describes each line.</summary>
internal static class Routes
{
    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", "/v1/version", Access.Read, "versions", Payload.Of<VersionInfo>(), x => x.Reply(200, x.Machine.Version())),
        new("GET", "/v1/openapi.json", Access.Read, "this description", Payload.Object(HttpResponse.Json, "OpenAPI 3.1"), GetDescription),

        new("GET", "/v1/services", Access.Read, "all services", Payload.ListOf<ServiceSummary>(), x => x.ReplyList(200, x.Machine.Services())),
        new("GET", "/v1/services/{name}", Access.Read, "a service and what explains its state", Payload.Of<ServiceStatus>(), GetService),
        new("GET", "/v1/usage", Access.Read, "what each service uses of CPU, memory and disks", Payload.ListOf<ServiceUsage>(), x => x.ReplyList(200, x.Machine.Usage())),
        Verb("start", "start a service, with what it needs", x => x.Machine.Start(x.Argument)),
        Verb("stop", "stop a service, with what needs it", x => x.Machine.Stop(x.Argument)),
        Verb("restart", "stop and start a service", x => x.Machine.Restart(x.Argument)),
        Verb("reload", "let a service read its own configuration anew", x => x.Machine.Reload(x.Argument)),
        Verb("pin-up", "start a service and hold it up", x => x.Machine.Pin(x.Argument, ServicePin.Up)),
        Verb("pin-down", "stop a service and hold it down", x => x.Machine.Pin(x.Argument, ServicePin.Down)),
        Verb("unpin", "let go of a service that is pinned", x => x.Machine.Pin(x.Argument, ServicePin.None)),
        Verb("mask", "stop a service and switch it off", x => x.Machine.Mask(x.Argument, isMasked: true)),
        Verb("unmask", "let a service be started again", x => x.Machine.Mask(x.Argument, isMasked: false)),
        new("POST", "/v1/run", Access.Admin, "run a command once, as a service of its own", Payload.Of<ChangeInfo>(), Run)
        {
            Status = 202,
            Parameters = [RouteParameter.Text("name", "what it is called; run-N unless told")],
            Body = Payload.Object(HttpResponse.Json, "a service file (docs/services.md)"),
        },
        SessionRoutes.Open,
        SessionRoutes.Attach,
        new("GET", "/v1/jobs", Access.Read, "services that are run at times", Payload.ListOf<JobInfo>(), x => x.ReplyList(200, x.Machine.Jobs())),
        new("GET", "/v1/jobs/{name}", Access.Read, "a job and its last runs", Payload.Of<JobInfo>(), GetJob),
        new("POST", "/v1/jobs/{name}/run", Access.Change, "run a job now", Payload.Of<ChangeInfo>(), x => Accept(x, x.Machine.RunJob(x.Argument))) { Status = 202 },
        new("GET", "/v1/reload", Access.Change, "how the service files differ from what is in use", Payload.Of<ReloadReport>(), CompareFiles),
        new("POST", "/v1/reload", Access.Change, "take the service files up", Payload.Of<ReloadReport>(), ReloadFiles)
        {
            Status = 202,
            Parameters = [RouteParameter.Text("fingerprint", "of a GET: refused if anything has changed since")],
        },
        new("GET", "/v1/changes/{id}", Access.Read, "what has become of a change", Payload.Of<ChangeInfo>(), GetChange)
        {
            Parameters = [RouteParameter.Text("wait", "how long to wait for its end: 30s, 500ms, at most 5 minutes; not at all unless told")],
        },

        new("GET", "/v1/boot", Access.Read, "stages and services of this boot", Payload.Of<BootReport>(), x => x.Reply(200, x.Machine.Boot())),
        new("GET", "/v1/logs", Access.Read, "log lines", Payload.LinesOf<LogLine>(), GetLogs)
        {
            Parameters =
            [
                RouteParameter.Text("service", "only lines of this service"),
                RouteParameter.Number("lines", $"how many of the latest lines, at most {LogQuery.MaxLines}; {LogQuery.DefaultLines} unless told"),
                RouteParameter.Flag("follow", "whether new lines follow"),
                RouteParameter.Text("until", "a time as since, the last that is wanted; or end: with follow and a service, until nobody holds its output any more"),
                RouteParameter.Number("after", "instead of the latest lines those behind this sequence number"),
                RouteParameter.Number("priority", "lines of this severity and more urgent ones: 0 emergency to 7 debug"),
                RouteParameter.Text("since", "RFC 3339 or seconds since 1970; also lines of earlier boots, unless boot is told"),
                RouteParameter.Text("grep", $"only lines that hold this text, at most {LogQuery.LongestGrep} bytes"),
                RouteParameter.Flag("ignorecase", "whether a to z of grep count as A to Z"),
                RouteParameter.Flag("kernel", "only lines of the kernel"),
                RouteParameter.Text("boot", "only lines of a boot: -1 is the one before this one, 0 this one, or how its id begins"),
            ],
        },
        new("GET", "/v1/logs/boots", Access.Read, "the boots that there are log lines of", Payload.LinesOf<LogBoot>(), x =>
        {
            if (x.IsHead) x.ReplyHead(HttpResponse.Ndjson);
            else if (!x.HandOver(new LogQuery(null, 0, false) { Boots = true })) NoLog(x);
        }),

        new("GET", "/v1/logs/status", Access.Read, "how much the log holds, and what it has lost", Payload.Of<LogStatus>(), x =>
        {
            if (x.IsHead) x.ReplyHead(HttpResponse.Json);
            else if (!x.HandOver(new LogQuery(null, 0, false) { Status = true })) NoLog(x);
        }),

        new("GET", "/v1/events", Access.Read, "what has happened, and what happens", Payload.LinesOf<EventInfo>() with { Or = Payload.Plain(HttpResponse.EventStream) }, GetEvents)
        {
            Parameters =
            [
                RouteParameter.Number("after", "only events behind this id; all that are kept unless told"),
                RouteParameter.Flag("follow", "whether the answer goes on with what comes; always with Accept: text/event-stream"),
            ],
        },

        new("GET", "/v1/metrics", Access.Read, "figures for Prometheus", Payload.Plain(HttpResponse.Metrics),
            x => x.ReplyBytes(200, HttpResponse.Metrics, System.Text.Encoding.UTF8.GetBytes(x.Machine.Metrics()))),

        new("GET", "/v1/machine", Access.Read, "whether the machine is being ended, or will be", Payload.Of<MachineStatus>(), x => x.Reply(200, x.Machine.Status())),
        End("poweroff", Access.Change, "stop all services and switch the machine off", MachineEnd.PowerOff),
        End("reboot", Access.Change, "stop all services and start the machine anew", MachineEnd.Reboot),
        End("halt", Access.Change, "stop all services and leave the machine on", MachineEnd.Halt),
        End("kexec", Access.Admin, "stop all services and start a kernel without the firmware", MachineEnd.KernelExec),
        End("soft-reboot", Access.Change, "stop all services and start them anew under the same kernel", MachineEnd.SoftReboot),
        new("POST", "/v1/machine/cancel", Access.Change, "take back an end that is scheduled", Payload.Of<ChangeInfo>(), x => Accept(x, x.Machine.CancelEnd(x.Caller.Describe()))) { Status = 202 },
        new("POST", "/v1/init/upgrade", Access.Admin, "replace init by another executable", Payload.Of<ChangeInfo>(), UpgradeInit)
        {
            Status = 202,
            Parameters = [RouteParameter.Text("path", "the executable")],
        },

        .. MachineRoutes.All,
        .. StorageRoutes.All,
    ];

    private static Route Verb(string verb, string summary, Func<ControlExchange, ControlResult> act) =>
        new("POST", $"/v1/services/{{name}}/{verb}", Access.Change, summary, Payload.Of<ChangeInfo>(), x => Accept(x, act(x))) { Status = 202 };

    private static Route End(string verb, Access access, string summary, MachineEnd end) =>
        new("POST", $"/v1/machine/{verb}", access, summary, Payload.Of<ChangeInfo>(), x => EndMachine(x, end))
        {
            Status = 202,
            Body = Payload.Of<EndMachineRequest>() with { IsOptional = true },
        };

    private static void GetDescription(ControlExchange exchange) =>
        exchange.ReplyJson(200, OpenApi.Describe(All, exchange.Machine.Version().Version));

    private static void GetService(ControlExchange exchange)
    {
        if (exchange.Machine.Service(exchange.Argument) is { } status) exchange.Reply(200, status);
        else Refuse(exchange, ControlResult.NoSuchService(exchange.Argument));
    }

    private static void GetJob(ControlExchange exchange)
    {
        if (exchange.Machine.Job(exchange.Argument) is { } job) exchange.Reply(200, job);
        else Refuse(exchange, exchange.Machine.NoJob(exchange.Argument)!);
    }

    private static void GetChange(ControlExchange exchange)
    {
        string id = exchange.Argument;
        var wait = TimeSpan.Zero;
        if (exchange.Target["wait"] is { } text && !Parameter.TryReadWait(text, out wait))
        {
            exchange.Fail(400, "request.parameter", $"wait={text}: a time of at most 5 minutes is expected, such as 30s or 500ms");
            return;
        }
        var change = exchange.Machine.Change(id);
        if (change is null)
            exchange.Fail(404, "change.not-found", $"{id}: there is no such change, or it ended too long ago");
        else if (wait == TimeSpan.Zero || change.Status != ChangeInfo.Doing)
            exchange.Reply(200, change);
        else
            exchange.WaitFor(exchange.Machine.WhenChanged(id, wait, then => exchange.Reply(200, then)));
    }

    private static void GetLogs(ControlExchange exchange)
    {
        int lines = LogQuery.DefaultLines;
        if (exchange.Target["lines"] is { } text && !Parameter.TryReadNumber(text, LogQuery.MaxLines, out lines))
        {
            exchange.Fail(400, "request.parameter", $"lines={text}: a number from 0 to {LogQuery.MaxLines} is expected");
            return;
        }
        if (!Parameter.TryReadFlag(exchange, "follow", false, out bool follow) || !TryReadId(exchange, "after", exchange.Target["after"], out long after)) return;
        string? service = exchange.Target["service"];
        if (service is { Length: 0 }) service = null;
        string? until = exchange.Target["until"];
        if (until == "end" && (!follow || service is null))
        {
            exchange.Fail(400, "request.parameter", "until=end: needs follow=true and a service");
            return;
        }
        var more = new LogQuery(null, 0, false);
        if (!TryReadMore(exchange, until == "end" ? null : until, ref more)) return;
        if (service is not null && System.Text.Encoding.UTF8.GetByteCount(service) > byte.MaxValue)
        {
            exchange.Fail(400, "request.parameter", "service: a name has at most 255 bytes");
            return;
        }
        if (exchange.IsHead) exchange.ReplyHead(HttpResponse.Ndjson);
        else if (!exchange.HandOver(more with { Service = service, Lines = lines, Follow = follow, UntilEnd = until == "end", After = after }))
            NoLog(exchange);
    }

    private static void NoLog(ControlExchange exchange)
    {
        string? lasting = exchange.Machine.Service("syslog")?.State switch
        {
            null => "there is no service syslog",
            ServiceStates.Stopped => "syslog was stopped: 'dora service start syslog'",
            ServiceStates.Failed or ServiceStates.Invalid => "syslog has failed: 'dora service status syslog' tells why",
            ServiceStates.Masked => "syslog is masked: 'dora service unmask syslog', then 'dora service start syslog'",
            _ => null,
        };
        if (lasting is null) exchange.Fail(503, "log.not-running", "logs: syslog is not running at the moment, try again");
        else exchange.Fail(503, "log.unavailable", "logs: " + lasting);
    }

    private static bool TryReadMore(ControlExchange exchange, string? until, ref LogQuery query)
    {
        int priority = query.Priority;
        if (exchange.Target["priority"] is { } text && !Parameter.TryReadNumber(text, 7, out priority)) return Refused($"priority={text}: a number from 0 (emergency) to 7 (debug) is expected");
        long sinceUs = 0, untilUs = 0;
        if (exchange.Target["since"] is { } since && !LogTime.TryParse(since, isEnd: false, out sinceUs)) return Refused($"since={since}: {LogTime.Form}");
        if (until is not null && !LogTime.TryParse(until, isEnd: true, out untilUs)) return Refused($"until={until}: {LogTime.Form}");
        string? grep = exchange.Target["grep"], boot = exchange.Target["boot"];
        if (grep is not null && System.Text.Encoding.UTF8.GetByteCount(grep) is 0 or > LogQuery.LongestGrep) return Refused($"grep: a text of 1 to {LogQuery.LongestGrep} bytes is expected");
        if (boot is not null && !IsBoot(boot)) return Refused($"boot={boot}: 0, -1 and so on, or at least 4 hexadecimal digits of a boot's id are expected");
        if (!Parameter.TryReadFlag(exchange, "ignorecase", false, out bool ignoreCase) || !Parameter.TryReadFlag(exchange, "kernel", false, out bool kernel)) return false;
        query = query with { Priority = priority, SinceUs = sinceUs, UntilUs = untilUs, Grep = grep, IgnoreCase = ignoreCase && grep is not null, Kernel = kernel, Boot = boot };
        return true;

        bool Refused(string message)
        {
            exchange.Fail(400, "request.parameter", message);
            return false;
        }
    }

    private static bool IsBoot(string text)
    {
        if (text == "0") return true;
        if (text.Length > 0 && text[0] == '-') return text.Length is > 1 and < 8 && text.AsSpan(1).IndexOfAnyExceptInRange('0', '9') < 0 && text[1] != '0';
        if (text.Length is < 4 or > LogQuery.LongestBoot) return false;
        foreach (char c in text)
            if (!char.IsAsciiHexDigitLower(c)) return false;
        return true;
    }

    private static void GetEvents(ControlExchange exchange)
    {
        bool isServerSent = exchange.Fields["accept"] is { } accept && accept.Contains(HttpResponse.EventStream, StringComparison.Ordinal);
        if (!TryReadId(exchange, "after", exchange.Target["after"] ?? (isServerSent ? exchange.Fields["last-event-id"] : null), out long after)) return;
        if (!Parameter.TryReadFlag(exchange, "follow", isServerSent, out bool follow)) return;
        if (!follow)
            exchange.ReplyBytes(200, HttpResponse.Ndjson, exchange.Machine.Events(after));
        else if (exchange.IsHead)
            exchange.ReplyHead(isServerSent ? HttpResponse.EventStream : HttpResponse.Ndjson);
        else if (!exchange.HandOver(fd => exchange.Machine.FollowEvents(fd, exchange.Caller.Access, after, isServerSent)))
            exchange.Fail(503, "events.busy", "events: too many clients follow them, try again");
    }

    private static bool TryReadId(ControlExchange exchange, string name, string? text, out long id)
    {
        id = 0;
        if (text is null || Parameter.TryReadNumber(text, out id)) return true;
        exchange.Fail(400, "request.parameter", $"{name}={text}: a whole number is expected");
        return false;
    }

    private static void Run(ControlExchange exchange)
    {
        string? name = exchange.Target["name"];
        Accept(exchange, exchange.Machine.Run(name is { Length: 0 } ? null : name, exchange.Body));
    }

    private static void CompareFiles(ControlExchange exchange)
    {
        if (exchange.Machine.CompareFiles(report => exchange.Reply(200, report), refused => Refuse(exchange, refused)) is { } pending) exchange.WaitFor(pending);
    }

    private static void ReloadFiles(ControlExchange exchange)
    {
        var pending = exchange.Machine.ReloadFiles(exchange.Target["fingerprint"], report => exchange.Reply(202, report), refused => Refuse(exchange, refused));
        if (pending is not null) exchange.WaitFor(pending);
    }

    private static void EndMachine(ControlExchange exchange, MachineEnd verb)
    {
        var request = new EndMachineRequest();
        if (exchange.Body.Length > 0)
        {
            try
            {
                request = JsonMapReader.Read<EndMachineRequest>(exchange.Body, isStrict: true);
            }
            catch (JsonException exception)
            {
                exchange.Fail(400, "request.body", $"body is not as expected, {{\"force\":true}} (docs/protocol.md) or nothing: {exception.Message}");
                return;
            }
        }
        if (exchange.Machine.EndMachine(verb, request, exchange.Caller.Describe(), result => Accept(exchange, result)) is { } pending) exchange.WaitFor(pending);
    }

    private static void UpgradeInit(ControlExchange exchange)
    {
        if (exchange.Machine.UpgradeInit(exchange.Target["path"] ?? "", result => Accept(exchange, result)) is { } pending) exchange.WaitFor(pending);
    }

    private static void Accept(ControlExchange exchange, ControlResult result)
    {
        if (result.ChangeId is not { } id)
        {
            Refuse(exchange, result);
            return;
        }
        var change = exchange.Machine.Change(id) ?? throw new InvalidOperationException($"change {id} was accepted and is not there");
        exchange.Reply(202, change, ("Location", $"/v1/changes/{id}"));
    }

    internal static void Refuse(ControlExchange exchange, ControlResult result)
    {
        int status = result.Refusal switch
        {
            Refusal.Malformed => 400,
            Refusal.NotFound => 404,
            Refusal.Conflict => 409,
            Refusal.Unavailable => 503,
            Refusal.Invalid => 400,
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        exchange.Reply(status, result.Error!);
    }
}
