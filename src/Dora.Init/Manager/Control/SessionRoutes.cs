using System.Globalization;
using Dora.Core.Protocol;
using Dora.Init.Relay;

namespace Dora.Init.Manager.Control;

/// <summary>
/// Requests that turn their connection into an interactive session (Upgrade, RFC 9110 7.8): what they ask for is checked here, and
/// the connection then passed on to the relay of the session, which answers 101 when the command runs. A refusal is an
/// ordinary answer.
/// </summary>
internal static class SessionRoutes
{
    private static readonly Payload s_frames = Payload.Plain("application/octet-stream");

    public static Route Open { get; } = new("POST", "/v1/exec", Access.Admin, "run a command with its streams on this connection", s_frames, OpenSession)
    {
        Status = 101,
        Parameters =
        [
            RouteParameter.Text("name", "what the session is called; run-N, or exec-N with a service, unless told"),
            RouteParameter.Text("service", "in whose surroundings it runs; those of the machine unless told"),
            RouteParameter.Flag("tty", "whether it has a terminal; false unless told"),
            RouteParameter.Number("rows", $"of the terminal; {SessionFrame.UsualRows} unless told"),
            RouteParameter.Number("columns", $"of the terminal; {SessionFrame.UsualColumns} unless told"),
            RouteParameter.Flag("stdin", "without a terminal, whether it has input; true unless told"),
            RouteParameter.Flag("detachable", "whether it goes on when its last client is gone; false unless told"),
        ],
        Body = Payload.Object(HttpResponse.Json, "a service file (docs/services.md); without a command it is a shell") with { IsOptional = true },
    };

    public static Route Attach { get; } = new("POST", "/v1/services/{name}/attach", Access.Admin, "take part in an interactive session", s_frames, AttachToSession)
    {
        Status = 101,
        Parameters = [RouteParameter.Number("rows", "of the client's terminal; the size stays unless told"), RouteParameter.Number("columns", "the same")],
    };

    private static void OpenSession(ControlExchange exchange)
    {
        if (!IsUpgrade(exchange) || !Parameter.TryReadFlag(exchange, "tty", false, out bool isTerminal) || !Parameter.TryReadFlag(exchange, "stdin", true, out bool hasInput)
            || !Parameter.TryReadFlag(exchange, "detachable", false, out bool isDetachable)
            || !TryReadSize(exchange, "rows", SessionFrame.UsualRows, out ushort rows) || !TryReadSize(exchange, "columns", SessionFrame.UsualColumns, out ushort columns)) return;
        var request = new SessionRequest
        {
            Name = Given(exchange, "name"),
            Service = Given(exchange, "service"),
            IsTerminal = isTerminal,
            Rows = rows,
            Columns = columns,
            HasInput = hasInput,
            IsDetachable = isDetachable,
        };
        exchange.HandOver((connection, rest) => exchange.Machine.OpenSession(request, exchange.Body, connection, rest), Routes.Refuse);
    }

    private static void AttachToSession(ControlExchange exchange)
    {
        if (!IsUpgrade(exchange) || !TryReadSize(exchange, "rows", 0, out ushort rows) || !TryReadSize(exchange, "columns", 0, out ushort columns)) return;
        exchange.HandOver((connection, rest) => exchange.Machine.AttachSession(exchange.Argument, connection, new AttachRequest(rows, columns, rest)), Routes.Refuse);
    }

    private static bool IsUpgrade(ControlExchange exchange)
    {
        if (exchange.IsUpgradeTo(SessionFrame.Protocol)) return true;
        exchange.Fail(426, "session.upgrade-required",
            $"/{string.Join('/', exchange.Target.Segments)}: makes the connection one of frames: send HTTP/1.1 with 'Connection: Upgrade' and 'Upgrade: {SessionFrame.Protocol}'",
            ("Upgrade", SessionFrame.Protocol));
        return false;
    }

    private static string? Given(ControlExchange exchange, string name) => exchange.Target[name] is { Length: > 0 } text ? text : null;

    private static bool TryReadSize(ControlExchange exchange, string name, ushort unlessTold, out ushort value)
    {
        value = unlessTold;
        if (exchange.Target[name] is not { } text || (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value > 0)) return true;
        exchange.Fail(400, "request.parameter", $"{name}={text}: a number from 1 to {ushort.MaxValue} is expected");
        return false;
    }
}
