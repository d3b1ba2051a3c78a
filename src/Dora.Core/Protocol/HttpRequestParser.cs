using System.Text;

namespace Dora.Core.Protocol;

/// <summary>Where an <see cref="HttpRequestParser"/> is.</summary>
internal enum HttpRequestState
{
    RequestLine,
    Fields,
    Body,
    Complete,
    Failed,
}

/// <summary>
/// Reads one request of HTTP/1.0 or 1.1 from bytes that come in pieces of any size; no input or output of its own.
///
/// <see cref="Feed"/> takes what belongs to the request and says how much that was, so what is behind it (pipelining)
/// stays with the caller, and every byte is looked at once: a client that sends one byte at a time costs no more than
/// one that sends all. The state only moves forward: request line, fields, body, complete; or failed, with
/// <see cref="Error"/> saying what to answer. After failure the position in the stream is unknown, so the connection
/// must end.
///
/// Strict where leniency would let two readers disagree on where a request ends (request smuggling): line ends are
/// CR LF only, no folded lines, no space before a colon, one Content-Length at most and digits only, never together
/// with Transfer-Encoding, which is <c>chunked</c> or nothing. Caps: request line 8 KiB (414), fields 16 KiB and 100
/// (431), body 1 MiB (413). Other refusals: 400 malformed, 417 an expectation other than 100-continue, 501 a transfer
/// coding other than chunked, 505 a version other than 1.0 and 1.1.
/// </summary>
internal sealed class HttpRequestParser
{
    public const int MaxRequestLine = 8 * 1024;
    public const int MaxBody = 1024 * 1024;
    private const int MaxMethod = 16;

    private HttpLine _line;
    private int _lineBytes; // request line and the empty lines before it
    private int _fieldBytes;
    private string _method = "";
    private HttpTarget? _target;
    private int _minorVersion;
    private HttpFields _fields = new();
    private HttpChunks? _chunks;
    private byte[] _body = [];
    private int _bodyLength;
    private int _contentLength;

    public HttpRequestState State { get; private set; }

    /// <summary>Set when <see cref="State"/> is <see cref="HttpRequestState.Failed"/>.</summary>
    public HttpError? Error { get; private set; }

    /// <summary>Set when <see cref="State"/> is <see cref="HttpRequestState.Complete"/>.</summary>
    public HttpRequest? Request { get; private set; }

    /// <summary>Whether any byte of a request has been taken; false on a connection that merely stays open.</summary>
    public bool HasStarted { get; private set; }

    /// <summary>The client waits for <c>100 Continue</c> before it sends the body (none of which has come).</summary>
    public bool AwaitsContinue => State == HttpRequestState.Body && _expectsContinue && _bodyLength == 0;

    private bool _expectsContinue;

    /// <summary>Makes ready for the next request of the connection.</summary>
    public void Reset()
    {
        _line.Reset();
        _lineBytes = _fieldBytes = _bodyLength = _contentLength = 0;
        _fields = new HttpFields();
        _chunks = null;
        _body = [];
        _expectsContinue = false;
        State = HttpRequestState.RequestLine;
        Error = null;
        Request = null;
        HasStarted = false;
    }

    /// <summary>Takes bytes up to the end of the request at most; how many, is the result.</summary>
    public int Feed(ReadOnlySpan<byte> bytes)
    {
        int consumed = 0;
        while (State is HttpRequestState.RequestLine or HttpRequestState.Fields)
        {
            int limit = State == HttpRequestState.RequestLine ? MaxRequestLine - _lineBytes : HttpFields.MaxBytes - _fieldBytes;
            var result = _line.Feed(bytes[consumed..], limit, out int taken);
            consumed += taken;
            HasStarted |= taken > 0;
            switch (result)
            {
                case HttpLineResult.NeedMore:
                    return consumed;
                case HttpLineResult.TooLong:
                    if (State == HttpRequestState.RequestLine) Fail(414, "request line is longer than 8 KiB");
                    else Fail(431, "header is larger than 16 KiB");
                    break;
                case HttpLineResult.BadLineEnd:
                    Fail(400, "line does not end with CR LF");
                    break;
                default:
                    if (State == HttpRequestState.RequestLine) TakeRequestLine(_line.Text);
                    else TakeField(_line.Text);
                    _line.Reset();
                    break;
            }
        }
        if (State == HttpRequestState.Body) consumed += TakeBody(bytes[consumed..]);
        return consumed;
    }

    private void TakeRequestLine(ReadOnlySpan<byte> line)
    {
        _lineBytes += line.Length + 2;
        if (line.IsEmpty)
        {
            // RFC 9112 2.2: empty lines before a request are skipped; the cap counts them.
            HasStarted = false;
            if (_lineBytes >= MaxRequestLine) Fail(400, "nothing but empty lines");
            return;
        }
        int first = line.IndexOf((byte)' ');
        int last = line.LastIndexOf((byte)' ');
        if (first <= 0 || last <= first + 1)
        {
            Fail(400, "request line is not METHOD TARGET HTTP/1.1");
            return;
        }
        foreach (byte b in line[..first])
        {
            if (HttpFields.IsTokenByte(b)) continue;
            Fail(400, "method is not a word");
            return;
        }
        if (first > MaxMethod)
        {
            Fail(501, "method is not known");
            return;
        }
        var version = line[(last + 1)..];
        if (version.Length != 8 || !version.StartsWith("HTTP/"u8) || version[6] != '.'
            || !char.IsAsciiDigit((char)version[5]) || !char.IsAsciiDigit((char)version[7]))
        {
            Fail(400, "request line does not end with a version of HTTP");
            return;
        }
        if (version[5] != '1' || version[7] > '1')
        {
            Fail(505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
            return;
        }
        _target = HttpTarget.Parse(line[(first + 1)..last]);
        if (_target is null)
        {
            Fail(400, "target is malformed: a path with percent-encoded UTF-8 and at most 32 parameters is expected");
            return;
        }
        _method = Encoding.ASCII.GetString(line[..first]);
        _minorVersion = version[7] - '0';
        State = HttpRequestState.Fields;
    }

    private void TakeField(ReadOnlySpan<byte> line)
    {
        if (line.IsEmpty)
        {
            TakeHeaderEnd();
            return;
        }
        _fieldBytes += line.Length + 2;
        if (_fieldBytes > HttpFields.MaxBytes) Fail(431, "header is larger than 16 KiB");
        else if (_fields.Count == HttpFields.MaxCount) Fail(431, "header has more than 100 fields");
        else if (!_fields.TryAdd(line)) Fail(400, "header field is malformed");
    }

    private void TakeHeaderEnd()
    {
        int hosts = _fields.CountOf("host");
        if (hosts > 1 || (hosts == 0 && _minorVersion == 1))
        {
            Fail(400, hosts == 0 ? "Host field is missing" : "more than one Host field");
            return;
        }
        int lengths = _fields.CountOf("content-length"), codings = _fields.CountOf("transfer-encoding");
        if (lengths + codings > 1)
        {
            Fail(400, "length of the body is told more than once");
            return;
        }
        if (_fields["expect"] is { } expectation)
        {
            if (!expectation.Equals("100-continue", StringComparison.OrdinalIgnoreCase))
            {
                Fail(417, "only the expectation 100-continue can be met");
                return;
            }
            // RFC 9110 10.1.1: not for a client of HTTP/1.0, which would take the 100 for the answer.
            _expectsContinue = _minorVersion == 1;
        }
        if (codings == 1)
        {
            if (_minorVersion == 0)
            {
                Fail(400, "HTTP/1.0 has no transfer codings");
                return;
            }
            if (!_fields["transfer-encoding"]!.Equals("chunked", StringComparison.OrdinalIgnoreCase))
            {
                Fail(501, "the only transfer coding known here is chunked");
                return;
            }
            _chunks = new HttpChunks();
        }
        else if (lengths == 1 && !TryTakeLength(_fields["content-length"]!))
        {
            return;
        }
        State = HttpRequestState.Body;
    }

    private bool TryTakeLength(string text)
    {
        foreach (char c in text)
        {
            if (char.IsAsciiDigit(c)) continue;
            Fail(400, "Content-Length is not a number");
            return false;
        }
        if (text.Length == 0)
        {
            Fail(400, "Content-Length is empty");
            return false;
        }
        var digits = text.AsSpan().TrimStart('0');
        if (digits.Length > 8 || (digits.Length > 0 && int.Parse(digits) > MaxBody))
        {
            Fail(413, "body is larger than 1 MiB");
            return false;
        }
        _contentLength = digits.Length == 0 ? 0 : int.Parse(digits);
        return true;
    }

    private int TakeBody(ReadOnlySpan<byte> bytes)
    {
        if (_chunks is null)
        {
            int count = Math.Min(_contentLength - _bodyLength, bytes.Length);
            Append(bytes[..count]);
            if (_bodyLength == _contentLength) Complete();
            return count;
        }
        int consumed = 0;
        while (true)
        {
            var result = _chunks.Feed(bytes[consumed..], out int taken, out var data);
            consumed += taken;
            switch (result)
            {
                case HttpChunksResult.NeedMore:
                    return consumed;
                case HttpChunksResult.Data when _bodyLength + data.Length > MaxBody:
                    Fail(413, "body is larger than 1 MiB");
                    return consumed;
                case HttpChunksResult.Data:
                    Append(data);
                    break;
                case HttpChunksResult.End:
                    Complete();
                    return consumed;
                case HttpChunksResult.TrailerTooLarge:
                    Fail(431, "trailer is larger than 16 KiB or has more than 100 fields");
                    return consumed;
                default:
                    Fail(400, "chunked body is malformed");
                    return consumed;
            }
        }
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        // Grows with what came, not with what was announced: an announcement costs the client nothing.
        if (_bodyLength + data.Length > _body.Length)
            Array.Resize(ref _body, Math.Min(Math.Max(_body.Length * 2, _bodyLength + data.Length), MaxBody));
        data.CopyTo(_body.AsSpan(_bodyLength));
        _bodyLength += data.Length;
    }

    private void Complete()
    {
        Request = new HttpRequest
        {
            Method = _method,
            Target = _target!,
            MinorVersion = _minorVersion,
            Fields = _fields,
            Body = _body.Length == _bodyLength ? _body : _body[.._bodyLength],
            KeepAlive = !_fields.HasToken("connection", "close")
                && (_minorVersion == 1 || _fields.HasToken("connection", "keep-alive")),
        };
        State = HttpRequestState.Complete;
    }

    private void Fail(int status, string message)
    {
        Error = new HttpError(status, message);
        State = HttpRequestState.Failed;
    }
}
