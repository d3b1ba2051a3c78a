using System.Net.Sockets;
using System.Text;
using System.Text.Json;

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

    /// <summary>One request to the API, retried while no manager listens.</summary>
    public (int Status, JsonElement Body) Request(HttpMethod method, string path)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Inside("/run/dora/dora.sock")), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        // The limit is ours alone: a blocking read of a Unix socket is not always woken by HttpClient's own.
        var exchange = Exchange(client, method, path);
        if (Task.WaitAny([exchange], s_apiLimit) < 0) throw new TimeoutException($"{method} {path}: no answer within {s_apiLimit.TotalSeconds} s\n{Story()}");
        return exchange.GetAwaiter().GetResult();
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

    static async Task<(int Status, JsonElement Body)> Exchange(HttpClient client, HttpMethod method, string path)
    {
        using var answer = await client.SendAsync(new HttpRequestMessage(method, "http://dora" + path));
        string text = await answer.Content.ReadAsStringAsync();
        return ((int)answer.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

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
