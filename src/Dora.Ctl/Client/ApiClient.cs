using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Ctl.Client;

/// <summary>
/// Requests over the Unix socket, one connection each, blocking. Plain system calls instead of System.Net.Sockets: dora
/// lives for milliseconds, and the runtime's sockets would bring an event thread and half a megabyte.
/// </summary>
internal sealed class ApiClient(string socketPath)
{
    public const string DefaultSocket = "/run/dora/dora.sock";

    /// <summary>Longer than any wait that is asked for below: beyond it the manager hangs.</summary>
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(45);

    /// <summary>The body of a successful answer, as it came and as an object.</summary>
    public (T Value, byte[] Json) Get<T>(string path) where T : class, IJsonMapped<T> =>
        Ask("GET", path, [], static json => JsonMapReader.Read<T>(json));

    public (IReadOnlyList<T> Values, byte[] Json) GetList<T>(string path) where T : class, IJsonMapped<T> =>
        Ask("GET", path, [], static json => JsonMapReader.ReadList<T>(json));

    public (T Value, byte[] Json) Post<T>(string path, byte[] body) where T : class, IJsonMapped<T> =>
        Ask("POST", path, body, static json => JsonMapReader.Read<T>(json));

    /// <summary>Waits until a change is done or failed.</summary>
    public (ChangeInfo Change, byte[] Json) WaitFor(ChangeInfo change, byte[] json)
    {
        while (change.Status == ChangeInfo.Doing)
            (change, json) = Get<ChangeInfo>($"/v1/changes/{Uri.EscapeDataString(change.Id)}?wait=30s");
        return (change, json);
    }

    /// <summary>Gives the lines of a stream to <paramref name="sink"/> until the other side ends it.</summary>
    public void Stream(string path, Action<ReadOnlySpan<byte>> sink)
    {
        var body = new MemoryStream();
        var reader = new HttpResponseReader();
        Exchange("GET", path, [], reader, piece =>
        {
            if (reader.Status == 200) sink(piece);
            else body.Write(piece);
        }, limit: null);
        if (reader.Status != 200) throw Failure(reader.Status, body.ToArray());
    }

    private (T, byte[]) Ask<T>(string method, string path, byte[] body, Func<byte[], T> read)
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
            throw new ApiFailure(ExitCodes.NotReachable, $"{socketPath}: {reader.Error ?? "the connection ended before the answer was complete"}");
        if (reader.Status is < 200 or > 299) throw Failure(reader.Status, json);
        try
        {
            return (read(json), json);
        }
        catch (JsonException exception)
        {
            throw new ApiFailure(ExitCodes.NotReachable, $"{socketPath}: the answer to {method} {path} is not as expected: {exception.Message}");
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

        byte[] buffer = new byte[16 * 1024];
        bool any = false;
        while (!reader.IsComplete && reader.Error is null)
        {
            if (Sys.WaitReadable(fd, Sys.TimeSinceBoot() + limit) == Errno.ETIMEDOUT)
                throw new ApiFailure(ExitCodes.NotReachable, $"{socketPath}: no answer within {limit?.TotalSeconds} s: the manager hangs");
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

    private FileDescriptor Connect()
    {
        Sys.Socket(Libc.AF_UNIX, Libc.SOCK_STREAM, 0, out var fd).ThrowIfError("socket");
        var errno = Sys.ConnectUnix(fd, socketPath);
        if (errno == Errno.None) return fd;
        fd.Dispose();
        throw errno is Errno.EACCES or Errno.EPERM
            ? new ApiFailure(ExitCodes.NotPermitted, $"{socketPath}: {errno.Describe()}")
            : new ApiFailure(ExitCodes.NotReachable, errno switch
            {
                Errno.ENOENT => $"{socketPath}: no such file: this machine does not run Pandora, or --socket names the wrong one",
                Errno.ECONNREFUSED => $"{socketPath}: nobody listens: init's manager is not running",
                _ => $"{socketPath}: {errno.Describe()}",
            });
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

    private ApiFailure Failure(int status, byte[] json)
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
        int exitCode = status switch
        {
            403 => ExitCodes.NotPermitted,
            404 when body?.Error == "service.not-found" => ExitCodes.NoSuchService,
            _ when status == 0 => ExitCodes.NotReachable,
            _ => ExitCodes.Failed,
        };
        string message = body?.Message ?? (status == 0 ? $"{socketPath}: the connection ended before the answer" : $"the answer was {status} {HttpResponse.ReasonPhrase(status)}");
        return new ApiFailure(exitCode, message, body, json);
    }
}
