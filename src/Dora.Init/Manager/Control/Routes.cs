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
        new("GET", "/v1/version", Access.Read, x => x.Reply(200, x.Machine.Version())),
        new("GET", "/v1/services", Access.Read, x => x.ReplyList(200, x.Machine.Services())),
        new("GET", "/v1/services/{name}", Access.Read, GetService),
        new("POST", "/v1/services/{name}/start", Access.Change, x => Accept(x, x.Machine.Start(x.Argument))),
        new("POST", "/v1/services/{name}/stop", Access.Change, x => Accept(x, x.Machine.Stop(x.Argument))),
        new("POST", "/v1/services/{name}/restart", Access.Change, x => Accept(x, x.Machine.Restart(x.Argument))),
        new("POST", "/v1/run", Access.Admin, Run) { Parameters = ["name"], TakesBody = true },
        new("POST", "/v1/exec", Access.Admin, SessionRoutes.Open) { Parameters = SessionRoutes.OpenParameters, TakesBody = true },
        new("POST", "/v1/services/{name}/attach", Access.Admin, SessionRoutes.Attach) { Parameters = SessionRoutes.AttachParameters },
        new("POST", "/v1/services/{name}/reload", Access.Change, x => Accept(x, x.Machine.Reload(x.Argument))),
        new("GET", "/v1/reload", Access.Change, CompareFiles),
        new("POST", "/v1/reload", Access.Change, ReloadFiles) { Parameters = ["fingerprint"] },
        new("POST", "/v1/services/{name}/pin-up", Access.Change, x => Accept(x, x.Machine.Pin(x.Argument, ServicePin.Up))),
        new("POST", "/v1/services/{name}/pin-down", Access.Change, x => Accept(x, x.Machine.Pin(x.Argument, ServicePin.Down))),
        new("POST", "/v1/services/{name}/unpin", Access.Change, x => Accept(x, x.Machine.Pin(x.Argument, ServicePin.None))),
        new("POST", "/v1/services/{name}/mask", Access.Change, x => Accept(x, x.Machine.Mask(x.Argument, isMasked: true))),
        new("POST", "/v1/services/{name}/unmask", Access.Change, x => Accept(x, x.Machine.Mask(x.Argument, isMasked: false))),
        new("GET", "/v1/changes/{id}", Access.Read, GetChange) { Parameters = ["wait"] },
        new("GET", "/v1/boot", Access.Read, x => x.Reply(200, x.Machine.Boot())),
        new("GET", "/v1/logs", Access.Read, GetLogs) { Parameters = ["service", "lines", "follow", "until", "after"] },
        new("POST", "/v1/machine/poweroff", Access.Change, x => EndMachine(x, MachineEnd.PowerOff)) { TakesBody = true },
        new("POST", "/v1/machine/reboot", Access.Change, x => EndMachine(x, MachineEnd.Reboot)) { TakesBody = true },
        new("POST", "/v1/machine/halt", Access.Change, x => EndMachine(x, MachineEnd.Halt)) { TakesBody = true },
        new("POST", "/v1/machine/kexec", Access.Admin, x => EndMachine(x, MachineEnd.KernelExec)) { TakesBody = true },
        new("POST", "/v1/machine/soft-reboot", Access.Change, x => EndMachine(x, MachineEnd.SoftReboot)) { TakesBody = true },
        new("POST", "/v1/machine/cancel", Access.Change, x => Accept(x, x.Machine.CancelEnd())),
        new("GET", "/v1/machine", Access.Read, x => x.Reply(200, x.Machine.Status())),
        new("POST", "/v1/init/upgrade", Access.Admin, UpgradeInit) { Parameters = ["path"] },
    ];

    private static void GetService(ControlExchange exchange)
    {
        if (exchange.Machine.Service(exchange.Argument) is { } status) exchange.Reply(200, status);
        else Refuse(exchange, ControlResult.NoSuchService(exchange.Argument));
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
        string follow = exchange.Target["follow"] ?? "false";
        if (follow is not ("true" or "false"))
        {
            exchange.Fail(400, "request.parameter", $"follow={follow}: true or false is expected");
            return;
        }
        long after = 0;
        if (exchange.Target["after"] is { } number
            && !long.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out after))
        {
            exchange.Fail(400, "request.parameter", $"after={number}: the sequence number of a line is expected");
            return;
        }
        string? service = exchange.Target["service"];
        if (service is { Length: 0 }) service = null;
        string? until = exchange.Target["until"];
        if (until is not null && (until != "end" || follow != "true" || service is null))
        {
            exchange.Fail(400, "request.parameter", $"until={until}: only until=end is known, with follow=true and a service");
            return;
        }
        if (service is not null && System.Text.Encoding.UTF8.GetByteCount(service) > byte.MaxValue)
        {
            exchange.Fail(400, "request.parameter", "service: a name has at most 255 bytes");
            return;
        }
        if (exchange.IsHead) exchange.ReplyHead(HttpResponse.Ndjson);
        else if (!exchange.HandOver(new LogQuery(service, lines, follow == "true", until is not null, after)))
            exchange.Fail(503, "log.unavailable", "logs: syslog is not running at the moment, try again");
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
        if (exchange.Machine.EndMachine(verb, request, result => Accept(exchange, result)) is { } pending) exchange.WaitFor(pending);
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
