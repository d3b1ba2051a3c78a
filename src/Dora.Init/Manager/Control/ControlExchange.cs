using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.Control;

/// <summary>
/// One request and its answer, as a handler sees it. A handler answers exactly once: at once, or later from the loop
/// after <see cref="WaitFor"/>. An answer for a client that is gone is dropped.
/// </summary>
internal sealed class ControlExchange(ControlConnection connection, HttpRequest request, IMachineControl machine, string argument)
{
    private IDisposable? _wait;
    private bool _isAnswered;
    private bool _isAbandoned;

    public IMachineControl Machine { get; } = machine;
    public HttpTarget Target => request.Target;
    public HttpFields Fields => request.Fields;
    public byte[] Body => request.Body;
    public bool IsHead => request.Method == "HEAD";
    public bool IsAnswered => _isAnswered;

    /// <summary>What the path has in place of the template's <c>{...}</c>.</summary>
    public string Argument { get; } = argument;

    public void Reply<T>(int status, T body, (string, string)? extra = null) where T : class, IJsonMapped<T> =>
        Reply(status, JsonMapWriter.Write(body), extra);

    public void ReplyList<T>(int status, IReadOnlyList<T> body) where T : class, IJsonMapped<T> =>
        Reply(status, JsonMapWriter.WriteList(body), null);

    /// <summary>JSON that is written already.</summary>
    public void ReplyJson(int status, byte[] json) => Reply(status, json, null);

    /// <summary>A body as it is.</summary>
    public void ReplyBytes(int status, string mediaType, byte[] body) =>
        Send(HttpResponse.Format(status, mediaType, body, request.KeepAlive, IsHead));

    private void Reply(int status, byte[] json, (string, string)? extra) =>
        Send(HttpResponse.Format(status, HttpResponse.Json, Line(json), request.KeepAlive, IsHead, extra));

    public void Fail(int status, string error, string message, (string, string)? extra = null) =>
        Reply(status, new ErrorBody(error, message), extra);

    /// <summary>Answers HEAD of a stream, whose length nobody knows.</summary>
    public void ReplyHead(string contentType)
    {
        connection.CloseAfterAnswer();
        Send(HttpResponse.StreamHead(contentType));
    }

    /// <summary>The answer comes later; if the client goes first, <paramref name="wait"/> is disposed.</summary>
    public void WaitFor(IDisposable wait)
    {
        if (_isAnswered || _isAbandoned) wait.Dispose();
        else _wait = wait;
    }

    /// <summary>Hands the connection to whoever goes on answering on it, from a copy of the descriptor; false if that failed and the exchange still wants an answer.</summary>
    public bool HandOver(Func<FileDescriptor, bool> take)
    {
        if (!connection.HandOver((fd, _) => take(fd))) return false;
        _isAnswered = true;
        return true;
    }

    /// <summary>Whether the client asks for another protocol on its connection; one of HTTP/1.0 cannot.</summary>
    public bool IsUpgradeTo(string protocol) =>
        request.MinorVersion == 1 && request.Fields.HasToken("connection", "upgrade") && request.Fields.HasToken("upgrade", protocol);

    /// <summary>
    /// Hands the connection, with what came behind the request, to somebody who takes a duplicate and answers there; or who
    /// says why not, which <paramref name="refuse"/> answers here.
    /// </summary>
    public void HandOver(Func<FileDescriptor, byte[], ControlResult?> take, Action<ControlExchange, ControlResult> refuse)
    {
        ControlResult? refused = null;
        _isAnswered = connection.HandOver((fd, rest) => (refused = take(fd, rest)) is null);
        if (refused is not null) refuse(this, refused);
    }

    /// <summary>Hands the connection to syslog; false if that failed and the exchange still wants an answer.</summary>
    public bool HandOver(LogQuery query) => HandOver(fd => Machine.ServeLogs(fd, query));

    /// <summary>Who asks.</summary>
    public Caller Caller => connection.Caller;

    public bool KeepAlive => request.KeepAlive;

    /// <summary>
    /// Lends the connection to a process that writes the answer by itself. <paramref name="start"/> passes the descriptor on
    /// and gives what ends the process if the client goes first; it tells, later and once, how it went: null and whether
    /// the answer was written to its end, or, if nothing was written, what is to be answered.
    /// </summary>
    public void LetAnswer(Func<FileDescriptor, Action<LentAnswer>, IDisposable> start) => WaitFor(start(connection.Descriptor, answer =>
    {
        if (_isAbandoned) return;
        if (answer.Refusal is { } refusal)
        {
            Reply(answer.Status, refusal);
            return;
        }
        _isAnswered = true;
        _wait = null;
        connection.WasAnswered(answer.IsWhole && request.KeepAlive);
    }));

    /// <summary>The client is gone.</summary>
    public void Abandon()
    {
        _isAbandoned = true;
        _wait?.Dispose();
        _wait = null;
    }

    private void Send(byte[] answer)
    {
        if (_isAbandoned) return;
        if (_isAnswered) throw new InvalidOperationException($"{request.Method} /{string.Join('/', Target.Segments)}: answered twice");
        _isAnswered = true;
        _wait = null;
        connection.Answer(answer, request.KeepAlive);
    }

    /// <summary>A line end, so that curl leaves the prompt where it belongs.</summary>
    private static byte[] Line(byte[] json)
    {
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        return json;
    }
}
