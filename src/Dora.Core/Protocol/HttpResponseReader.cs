using System.Globalization;
using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// Reads one answer from bytes that come in pieces of any size: Content-Length, chunked, or until the connection
/// closes. Content is handed on piece by piece as it comes, because a log that is followed has no end. Interim answers
/// (1xx) are skipped, but for 101, behind which there is no content and no HTTP.
/// </summary>
internal sealed class HttpResponseReader
{
    private const int MaxStatusLine = 1024;

    private enum State { StatusLine, Fields, Body, Chunks, UntilClose, Complete, Failed }

    private State _state;
    private HttpLine _line;
    private int _fieldBytes;
    private long _left;
    private HttpChunks? _chunks;

    public int Status { get; private set; }
    public HttpFields Fields { get; private set; } = new();

    /// <summary>Whether status and fields are known.</summary>
    public bool HasHead => _state is not (State.StatusLine or State.Fields or State.Failed);

    public bool IsComplete => _state == State.Complete;

    /// <summary>What is wrong with the answer; null while nothing is.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// Takes bytes and gives their content to <paramref name="sink"/>; returns how many were taken, less than all only at
    /// the end of the answer or after an error.
    /// </summary>
    public int Feed(ReadOnlySpan<byte> bytes, Action<ReadOnlySpan<byte>> sink)
    {
        int consumed = 0;
        while (consumed < bytes.Length || _state == State.Body)
        {
            var rest = bytes[consumed..];
            switch (_state)
            {
                case State.StatusLine or State.Fields:
                    consumed += FeedHead(rest);
                    break;
                case State.Body:
                    int count = (int)Math.Min(_left, rest.Length);
                    if (count > 0) sink(rest[..count]);
                    consumed += count;
                    _left -= count;
                    if (_left > 0) return consumed;
                    _state = State.Complete;
                    break;
                case State.Chunks:
                    var result = _chunks!.Feed(rest, out int taken, out var data);
                    consumed += taken;
                    if (result == HttpChunksResult.Data) sink(data);
                    else if (result == HttpChunksResult.End) _state = State.Complete;
                    else if (result != HttpChunksResult.NeedMore) Fail("chunked body is malformed");
                    break;
                case State.UntilClose:
                    sink(rest);
                    return bytes.Length;
                default:
                    return consumed;
            }
        }
        return consumed;
    }

    /// <summary>The connection was closed; false if the answer was not complete.</summary>
    public bool End()
    {
        if (_state == State.UntilClose) _state = State.Complete;
        return IsComplete;
    }

    private int FeedHead(ReadOnlySpan<byte> bytes)
    {
        int limit = _state == State.StatusLine ? MaxStatusLine : HttpFields.MaxBytes - _fieldBytes;
        var result = _line.Feed(bytes, limit, out int taken);
        if (result == HttpLineResult.NeedMore) return taken;
        if (result != HttpLineResult.Complete)
        {
            Fail(result == HttpLineResult.TooLong ? "head is too large" : "line does not end with CR LF");
            return taken;
        }
        if (_state == State.StatusLine) TakeStatusLine(_line.Text);
        else if (_line.Text.IsEmpty) TakeHeadEnd();
        else TakeField(_line.Text);
        _line.Reset();
        return taken;
    }

    private void TakeStatusLine(ReadOnlySpan<byte> line)
    {
        bool valid = line.Length >= 12 && line.StartsWith("HTTP/1."u8) && line[8] == ' ' && (line.Length == 12 || line[12] == ' ');
        if (!valid || !int.TryParse(line[9..12], NumberStyles.None, null, out int status) || status < 100)
        {
            Fail("answer is not HTTP/1.1");
            return;
        }
        Status = status;
        _state = State.Fields;
    }

    private void TakeField(ReadOnlySpan<byte> line)
    {
        _fieldBytes += line.Length + 2;
        if (_fieldBytes > HttpFields.MaxBytes || Fields.Count == HttpFields.MaxCount) Fail("head is too large");
        else if (!Fields.TryAdd(line)) Fail($"header field is malformed: {Encoding.Latin1.GetString(line)}");
    }

    private void TakeHeadEnd()
    {
        if (Status == 101) _state = State.Complete; // what follows is another protocol, and the caller's
        else if (Status is >= 100 and < 200)
        {
            Fields = new HttpFields();
            _fieldBytes = 0;
            _state = State.StatusLine;
        }
        else if (Fields["transfer-encoding"] is { } coding)
        {
            if (Fields["content-length"] is not null || !coding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
                Fail("length of the body is not clear");
            _chunks = new HttpChunks();
            if (Error is null) _state = State.Chunks;
        }
        else if (Fields["content-length"] is { } length)
        {
            if (Fields.CountOf("content-length") > 1 || !long.TryParse(length, NumberStyles.None, null, out _left))
                Fail("Content-Length is malformed");
            else _state = State.Body;
        }
        else
        {
            _state = Status is 204 or 304 ? State.Complete : State.UntilClose;
        }
    }

    private void Fail(string message)
    {
        Error ??= message;
        _state = State.Failed;
    }
}
