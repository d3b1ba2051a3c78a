using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Client;

/// <summary>
/// A client of Pandora's API (docs/protocol.md) over its Unix socket: blocking, one connection for each request, safe to use from
/// several threads. Every method throws <see cref="DoraException"/> for whatever is not a success.
///
/// Plain system calls instead of System.Net.Sockets: dora lives for milliseconds, and the runtime's sockets would bring an
/// event thread and half a megabyte. The typed methods stand by area in DoraClient.*.cs; <see cref="Get{T}"/>, <see cref="Post{T}"/>
/// and <see cref="Stream"/> serve every other route.
/// </summary>
/// <param name="socketPath">Where the socket is; <see cref="DefaultSocket"/> unless it was forwarded or handed into a chroot.</param>
public sealed partial class DoraClient(string socketPath = DoraClient.DefaultSocket)
{
    /// <summary>The socket of the machine that we run on.</summary>
    public const string DefaultSocket = "/run/dora/dora.sock";

    /// <summary>Longer than any wait that is asked for below: beyond it the manager hangs.</summary>
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(45);

    /// <summary>The socket that it was made for.</summary>
    public string SocketPath => socketPath;

    /// <summary>Asks for one object.</summary>
    public Answer<T> Get<T>(string path) where T : class, IJsonMapped<T> =>
        Ask("GET", path, [], static json => JsonMapReader.Read<T>(json));

    /// <summary>Asks for an array of objects.</summary>
    public Answer<IReadOnlyList<T>> GetList<T>(string path) where T : class, IJsonMapped<T> =>
        Ask("GET", path, [], static json => JsonMapReader.ReadList<T>(json));

    /// <summary>Asks for something to be done.</summary>
    /// <param name="path">Path and query.</param>
    /// <param name="body">JSON, or nothing.</param>
    public Answer<T> Post<T>(string path, byte[]? body = null) where T : class, IJsonMapped<T> =>
        Ask("POST", path, body ?? [], static json => JsonMapReader.Read<T>(json));

    /// <summary>Waits until a change is done or failed.</summary>
    public Answer<ChangeInfo> WaitFor(Answer<ChangeInfo> change)
    {
        while (change.Value.Status == ChangeInfo.Doing)
            change = Get<ChangeInfo>($"/v1/changes/{Escape(change.Value.Id)}?wait=30s");
        return change;
    }

    /// <summary>Gives the bytes of a stream (NDJSON) to <paramref name="sink"/>, as they come, until the other side ends it.</summary>
    public void Stream(string path, Action<ReadOnlySpan<byte>> sink) => StreamOf("GET", path, sink);

    private void StreamOf(string method, string path, Action<ReadOnlySpan<byte>> sink)
    {
        var body = new MemoryStream();
        var reader = new HttpResponseReader();
        Exchange(method, path, [], reader, piece =>
        {
            if (reader.Status == 200) sink(piece);
            else body.Write(piece);
        }, limit: null);
        if (reader.Status != 200) throw Failure(reader.Status, body.ToArray());
    }

    private static string Escape(string name) => Uri.EscapeDataString(name);

    private Answer<T> Ask<T>(string method, string path, byte[] body, Func<byte[], T> read)
    {
        var answer = new MemoryStream();
        var reader = new HttpResponseReader();
        if (!Exchange(method, path, body, reader, piece => answer.Write(piece), s_answerLimit) && method == "GET")
        {
            // The manager was replaced between accept and answer; its socket lives on. A GET can be asked twice.
            reader = new HttpResponseReader();
            answer = new MemoryStream();
            Exchange(method, path, body, reader, piece => answer.Write(piece), s_answerLimit);
        }
        byte[] json = answer.ToArray();
        if (!reader.IsComplete)
            throw new DoraException(DoraFailure.NotReachable, $"{socketPath}: {reader.Error ?? "the connection ended before the answer was complete"}");
        if (reader.Status is < 200 or > 299) throw Failure(reader.Status, json);
        try
        {
            return new Answer<T>(read(json), json);
        }
        catch (JsonException exception)
        {
            throw new DoraException(DoraFailure.Unexpected, $"{socketPath}: the answer to {method} {path} is not as expected: {exception.Message}");
        }
    }

    /// <summary>One request; false if the connection ended before the first byte of an answer.</summary>
    private bool Exchange(string method, string path, byte[] body, HttpResponseReader reader, Action<ReadOnlySpan<byte>> sink, TimeSpan? limit)
    {
        using var fd = Connect();
        byte[] head = Encoding.ASCII.GetBytes(
            $"{method} {path} HTTP/1.1\r\nHost: dora\r\nConnection: close\r\nContent-Length: {body.Length}\r\n\r\n");
        // An error here is not the end: a server that is busy answers before it reads.
        if (WriteAll(fd, head)) _ = WriteAll(fd, body);

        AwaitSign(fd, limit, isRepeatable: method == "GET" && !path.StartsWith("/v1/changes/", StringComparison.Ordinal));

        byte[] buffer = new byte[16 * 1024];
        bool any = false;
        while (!reader.IsComplete && reader.Error is null)
        {
            if (Sys.WaitReadable(fd, Sys.TimeSinceBoot() + limit) == Errno.ETIMEDOUT)
                throw new DoraException(DoraFailure.NotAnswering, $"{socketPath}: no answer within {limit?.TotalSeconds} s: the manager hangs");
            var errno = Sys.Read(fd, buffer, out int count);
            if (errno != Errno.None || count == 0)
            {
                reader.End();
                break;
            }
            any = true;
            reader.Feed(buffer.AsSpan(0, count), sink);
        }
        return any;
    }

    private static bool WriteAll(FileDescriptor fd, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (Sys.Write(fd, bytes, out int count) != Errno.None) return false;
            bytes = bytes[count..];
        }
        return true;
    }

    private DoraException Failure(int status, byte[] json)
    {
        ErrorBody? body = null;
        try
        {
            body = JsonMapReader.Read<ErrorBody>(json);
        }
        catch (JsonException)
        {
            // Not ours: the status has to do.
        }
        var failure = status switch
        {
            403 => DoraFailure.NotPermitted,
            404 => DoraFailure.NotFound,
            0 => DoraFailure.NotReachable,
            _ => body is null ? DoraFailure.Unexpected : DoraFailure.Refused,
        };
        string message = body?.Message ?? (status == 0 ? $"{socketPath}: the connection ended before the answer" : $"the answer was {status} {HttpResponse.ReasonPhrase(status)}");
        return new DoraException(failure, message, body, json);
    }
}
