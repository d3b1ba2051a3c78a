using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Dora.Namespace.Tests.Harness;

/// <summary>A service as the API tells it; pids are those inside the namespace.</summary>
public sealed record ServiceView(string Name, string State, int? Pid, long? StartedAtMs, int Restarts, string Reason);

public sealed partial class InitInNamespace
{
    static readonly TimeSpan s_apiLimit = TimeSpan.FromSeconds(10);

    /// <summary>A manager listens on the control socket: what a test runs first need not wait for it.</summary>
    bool IsServed()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>
    /// One request to the API. By a socket that blocks, with the kernel's own limits: HttpClient's waits over Unix sockets
    /// are not always ended, and one that hangs takes the whole run along.
    /// </summary>
    /// <exception cref="HttpRequestException">Nobody listens, or the manager went in the middle of it.</exception>
    /// <exception cref="TimeoutException">It does not answer.</exception>
    public (int Status, JsonElement Body) Request(HttpMethod method, string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
        {
            SendTimeout = (int)s_apiLimit.TotalMilliseconds, ReceiveTimeout = (int)s_apiLimit.TotalMilliseconds,
        };
        byte[] answer;
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")));
            socket.Send(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n"));
            answer = ReadToEnd(socket);
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
        {
            throw new TimeoutException($"{method} {path}: no answer within {s_apiLimit.TotalSeconds} s\n{Story()}");
        }
        catch (SocketException exception)
        {
            throw new HttpRequestException($"{method} {path}: {exception.Message}", exception);
        }
        string text = Encoding.UTF8.GetString(answer);
        int head = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (head < 0) throw new HttpRequestException($"{method} {path}: cut off after {answer.Length} bytes");
        int length = Length().Match(text[..head]) is { Success: true } match ? int.Parse(match.Groups[1].Value) : 0;
        int begin = Encoding.UTF8.GetByteCount(text[..(head + 4)]);
        if (answer.Length - begin != length) throw new HttpRequestException($"{method} {path}: {answer.Length - begin} bytes of {length}");
        return (int.Parse(text[9..12]), length == 0 ? default : JsonDocument.Parse(answer.AsMemory(begin)).RootElement);
    }

    /// <summary>POSTs over a plain socket and calls <paramref name="then"/> as soon as the first byte of the answer is there; what was read by then.</summary>
    public string AskAndThen(string path, Action then)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)s_apiLimit.TotalMilliseconds };
        socket.Connect(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")));
        socket.Send(Encoding.Latin1.GetBytes($"POST {path} HTTP/1.1\r\nHost: dora\r\nContent-Length: 0\r\n\r\n"));
        byte[] answer = new byte[4096];
        int count = socket.Receive(answer);
        then();
        return Encoding.Latin1.GetString(answer, 0, count);
    }

    /// <summary>Waits until syslog answers: its process runs a moment before it does.</summary>
    public void WaitForSyslog() => WaitFor("syslog", () =>
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")));
            socket.Send("GET /v1/logs?lines=0 HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n"u8);
            return Encoding.Latin1.GetString(ReadToEnd(socket)).StartsWith("HTTP/1.1 200", StringComparison.Ordinal);
        }
        catch (SocketException)
        {
            return false; // nobody listens yet
        }
    });

    /// <summary>All lines of a service ("": of all) behind a number, as the API writes them; "" if syslog or the manager is not there.</summary>
    public string LogOf(string service, long after = 1)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")));
            socket.Send(Encoding.ASCII.GetBytes($"GET /v1/logs?{(service.Length > 0 ? $"service={service}&" : "")}after={after} HTTP/1.1\r\nHost: dora\r\nConnection: close\r\n\r\n"));
            string answer = Encoding.UTF8.GetString(ReadToEnd(socket));
            return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..] : "";
        }
        catch (SocketException)
        {
            return "";
        }
    }

    static byte[] ReadToEnd(Socket socket)
    {
        var answer = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            // ReceiveTimeout alone does not end a read of a Unix socket.
            if (!socket.Poll(s_apiLimit, SelectMode.SelectRead)) throw new SocketException((int)SocketError.TimedOut);
            int count = socket.Receive(buffer);
            if (count == 0) return answer.ToArray();
            answer.Write(buffer, 0, count);
        }
    }

    [GeneratedRegex(@"^Content-Length: (\d+)\r?$", RegexOptions.Multiline | RegexOptions.IgnoreCase)]
    private static partial Regex Length();

    /// <summary>The body of an answer that must be a success; waits until the API is there.</summary>
    public JsonElement Get(string path) => WaitFor("the API", () =>
    {
        try
        {
            var (status, body) = Request(HttpMethod.Get, path);
            return status == 200 ? (JsonElement?)body : throw new InvalidOperationException($"GET {path}: {status} {body}\n{Story()}");
        }
        catch (HttpRequestException)
        {
            return null; // nobody listens yet
        }
    })!.Value;

    public Dictionary<string, ServiceView> Services() =>
        Get("/v1/services").EnumerateArray().Select(View).ToDictionary(service => service.Name);

    public ServiceView Service(string name) => Services().TryGetValue(name, out var service) ? service
        : throw new KeyNotFoundException($"{name}: not listed\n{Story()}");

    /// <summary>Waits until a service is as wanted.</summary>
    public ServiceView WaitForService(string name, Func<ServiceView, bool> wanted, TimeSpan? limit = null)
    {
        ServiceView? last = null;
        try
        {
            return WaitFor($"{name} as wanted", () => Services().TryGetValue(name, out last) && wanted(last) ? last : null, limit)!;
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{name} is {last?.ToString() ?? "not listed"}: {e.Message}");
        }
    }

    public ServiceView WaitForState(string name, string state, TimeSpan? limit = null) => WaitForService(name, service => service.State == state, limit);

    /// <summary>start, stop or restart; waits until the change has ended and gives it.</summary>
    public JsonElement Change(string verb, string service)
    {
        var (status, change) = Request(HttpMethod.Post, $"/v1/services/{service}/{verb}");
        if (status != 202) throw new InvalidOperationException($"{verb} {service}: {status} {change}");
        string id = change.GetProperty("id").GetString()!;
        var ended = Get($"/v1/changes/{id}?wait=9s");
        return ended.GetProperty("status").GetString() != "doing" ? ended
            : throw new TimeoutException($"{verb} {service}: not done after 9 s\n{Story()}");
    }

    static ServiceView View(JsonElement e) => new(
        e.GetProperty("name").GetString()!,
        e.GetProperty("state").GetString()!,
        e.TryGetProperty("pid", out var pid) ? pid.GetInt32() : null,
        e.TryGetProperty("startedAt", out var at) ? at.GetProperty("bootMs").GetInt64() : null,
        e.TryGetProperty("restarts", out var restarts) ? restarts.GetInt32() : 0,
        e.TryGetProperty("reason", out var reason) ? reason.GetString()! : "");
}
