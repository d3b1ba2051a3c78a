using Dora.Core.Protocol;

namespace Dora.Init.Manager.Control;

/// <summary>Finds the route of a request, checks that the caller may take it, and calls its handler.</summary>
internal sealed class Dispatcher(IReadOnlyList<Route> routes)
{
    private static readonly string[] s_knownMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>What the path has in place of the template's <c>{...}</c>; empty if no route fits.</summary>
    public string ArgumentOf(HttpRequest request)
    {
        foreach (var route in routes)
            if (route.Matches(request.Target.Segments, out string argument)) return argument;
        return "";
    }

    public void Dispatch(ControlExchange exchange, HttpRequest request, Caller caller)
    {
        Route? chosen = null;
        var allowed = new List<string>();
        foreach (var route in routes)
        {
            if (!route.Matches(request.Target.Segments, out _)) continue;
            allowed.Add(route.Method == "GET" ? "GET, HEAD" : route.Method);
            if (route.Method == request.Method || (request.Method == "HEAD" && route.Method == "GET")) chosen = route;
        }
        string path = "/" + string.Join('/', request.Target.Segments);
        if (Array.IndexOf(s_knownMethods, request.Method) < 0)
            exchange.Fail(501, "http.not-implemented", $"{request.Method}: the method is not known");
        else if (allowed.Count == 0)
            exchange.Fail(404, "path.not-found", $"{path}: there is no such path");
        else if (chosen is null)
            exchange.Fail(405, "http.method", $"{path}: {request.Method} is not possible, only {string.Join(", ", allowed)}", ("Allow", string.Join(", ", allowed)));
        else if (caller.Access < chosen.Access)
            exchange.Fail(403, "access.denied", Denial(path, chosen.Access, caller));
        // A forwarded socket (ssh -L) can be reached by a browser, and there by any page: only programs may change things.
        else if (chosen.Access != Access.Read && request.Fields["origin"] is not null)
            exchange.Fail(403, "access.cross-origin", $"{path}: not for web pages (the request has an Origin field)");
        else if (UnknownParameter(chosen, request) is { } unknown)
            exchange.Fail(400, "request.parameter", $"{path}: parameter '{unknown}' is not known{Expected(chosen)}");
        else if (chosen.Body is null && !IsEmpty(request.Body))
            exchange.Fail(400, "request.body", $"{path}: takes no body");
        else
            chosen.Handler(exchange);
    }

    private static string Denial(string path, Access access, Caller caller) => access == Access.Admin
        ? $"{path}: only root may do this (you are uid {caller.Uid})"
        : $"{path}: only root and members of group dora may do this (you are uid {caller.Uid})";

    private static string? UnknownParameter(Route route, HttpRequest request)
    {
        foreach (var (key, _) in request.Target.Query)
        {
            bool known = false;
            foreach (var parameter in route.Parameters) known |= parameter.Name == key;
            if (!known) return key;
        }
        return null;
    }

    private static string Expected(Route route)
    {
        if (route.Parameters.Count == 0) return ", none is";
        var names = new List<string>();
        foreach (var parameter in route.Parameters) names.Add(parameter.Name);
        return $": {string.Join(", ", names)}";
    }

    /// <summary>Client libraries like to send an empty object.</summary>
    private static bool IsEmpty(ReadOnlySpan<byte> body)
    {
        body = body.Trim(" \t\r\n"u8);
        return body.IsEmpty || (body[0] == '{' && body[^1] == '}' && body.Length >= 2 && body[1..^1].Trim(" \t\r\n"u8).IsEmpty);
    }
}
