using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Init.Manager.Control;

/// <summary>
/// One client of the API: a state machine over a non-blocking socket.
///
///   Reading    bytes go to the parser; ends with a whole request, with nonsense (an error is answered, then Lingering),
///              or with the peer's end
///   Handling   a handler has the request; nothing is read, so a client that pipelines is held back by the kernel and
///              at most one answer is ever in memory; a peer that closes cancels what the handler waits for
///   Writing    once the manager's state is saved, the answer goes out as fast as the client takes it; then Reading again,
///              or the end
///   Lingering  the answer to nonsense is out and our side is shut; what still comes is thrown away for a moment, or
///              the client would see "broken pipe" in place of the answer
///   Closed     also after the descriptor was handed to syslog
///
/// Invariants: only Reading, Writing and Lingering have a deadline, and the server's sweep ends whoever is past it.
/// A half-closed client (it has sent its last request and shut its side) still gets its answers: only EPOLLHUP, both
/// sides shut, means that nobody listens. No exception leaves a connection: a handler that throws costs its
/// client a 500, and anything else costs it the connection.
/// </summary>
internal sealed class ControlConnection
{
    private const int LingerLimit = 8 * 1024 * 1024;
    private const string Owner = "control";

    private enum State { Reading, Handling, Writing, Lingering, Closed }

    private readonly ControlServer _server;
    private readonly FileDescriptor _fd;
    private readonly Watch _watch;
    private readonly HttpRequestParser _parser = new();

    // What was read and not yet parsed is _input[_start.._end]: a pipelined request, or a part of it.
    private byte[] _input;
    private int _start, _end;
    private bool _peerEnded;
    private bool _saidContinue;

    private byte[] _output = [];
    private int _written;
    private bool _closeAfterAnswer;
    private bool _lingerAfterAnswer;
    private int _lingered;

    private State _state = State.Reading;
    private uint _watched = Libc.EPOLLIN;
    private ControlExchange? _exchange;

    public ControlConnection(ControlServer server, FileDescriptor fd, Caller caller)
    {
        _server = server;
        _fd = fd;
        _input = server.RentBuffer();
        Caller = caller;
        _watch = server.Loop.Watch(fd, _watched, Owner, OnEvents);
        Deadline = EventLoop.Now + server.Limits.RequestTime;
    }

    public Caller Caller { get; }

    /// <summary>When the sweep ends what is going on; null while a handler has the word.</summary>
    public TimeSpan? Deadline { get; private set; }

    private void OnEvents(uint events)
    {
        try
        {
            bool isGone = (events & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0;
            switch (_state)
            {
                case State.Reading:
                    Read();
                    break;
                case State.Handling or State.Writing when isGone:
                    Close();
                    break;
                case State.Writing:
                    Flush();
                    break;
                case State.Lingering:
                    Discard();
                    break;
                default:
                    break; // Handling: whoever hangs up was seen above; Closed: nothing is watched
            }
        }
        catch (Exception exception)
        {
            _server.Report(exception);
            Close();
        }
    }

    private void Read()
    {
        if (_start == _end)
        {
            var errno = Sys.Read(_fd, _input, out int count);
            if (errno == Errno.EAGAIN) return;
            if (errno != Errno.None)
            {
                Close();
                return;
            }
            _start = 0;
            _end = count;
            _peerEnded = count == 0;
        }
        if (_peerEnded)
        {
            if (_parser.HasStarted) Refuse(new HttpError(400, "request ends in the middle"));
            else Close();
            return;
        }
        Parse();
    }

    private void Parse()
    {
        _start += _parser.Feed(_input.AsSpan(_start, _end - _start));
        switch (_parser.State)
        {
            case HttpRequestState.Failed:
                Refuse(_parser.Error!);
                break;
            case HttpRequestState.Complete:
                Handle(_parser.Request!);
                break;
            case HttpRequestState.Body when _parser.AwaitsContinue && !_saidContinue:
                _saidContinue = true;
                // 25 bytes into an empty socket buffer; a client that left no room for them gets no body in.
                var errno = Sys.Write(_fd, HttpResponse.Continue, out int count);
                if (errno != Errno.None || count < HttpResponse.Continue.Length) Close();
                break;
        }
    }

    private void Handle(HttpRequest request)
    {
        _state = State.Handling;
        Deadline = null;
        Watch(0);
        var exchange = new ControlExchange(this, request, _server.Machine, _server.Dispatcher.ArgumentOf(request));
        _exchange = exchange;
        try
        {
            _server.Dispatcher.Dispatch(exchange, request, Caller);
        }
        catch (Exception exception)
        {
            _server.Report(exception);
            if (exchange.IsAnswered) Close();
            else exchange.Fail(500, "internal", $"the manager failed on this request: {exception.Message}");
        }
    }

    /// <summary>Answers what cannot be understood, and ends: where the next request would begin is not known.</summary>
    private void Refuse(HttpError error)
    {
        _lingerAfterAnswer = true;
        var body = new ErrorBody(NameOf(error.Status), error.Message);
        byte[] json = Dora.Core.Protocol.Json.JsonMapWriter.Write(body);
        Answer(HttpResponse.Format(error.Status, HttpResponse.Json, json, keepAlive: false), keepAlive: false);
    }

    private static string NameOf(int status) => status switch
    {
        408 => "http.timeout",
        413 => "http.body-too-large",
        414 => "http.target-too-long",
        417 => "http.expectation",
        431 => "http.header-too-large",
        501 => "http.not-implemented",
        505 => "http.version",
        _ => "http.malformed",
    };

    public void CloseAfterAnswer() => _closeAfterAnswer = true;

    public void Answer(byte[] answer, bool keepAlive)
    {
        if (_state == State.Closed) return;
        _exchange = null;
        _state = State.Writing;
        _closeAfterAnswer |= !keepAlive;
        _output = answer;
        _written = 0;
        Deadline = EventLoop.Now + _server.Limits.WriteTime;
        Watch(0);
        // What was promised must not be forgotten by a manager that is killed as soon as the promise is read.
        _server.WhenSaved(() =>
        {
            if (_state == State.Writing) Guarded(Flush);
        });
    }

    /// <summary>For calls that come from elsewhere than <see cref="OnEvents"/>.</summary>
    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception exception)
        {
            _server.Report(exception);
            Close();
        }
    }

    private void Flush()
    {
        while (_written < _output.Length)
        {
            var errno = Sys.Write(_fd, _output.AsSpan(_written), out int count);
            if (errno == Errno.EAGAIN)
            {
                Watch(Libc.EPOLLOUT);
                return;
            }
            if (errno != Errno.None)
            {
                Close();
                return;
            }
            _written += count;
        }
        _output = [];
        if (_lingerAfterAnswer) Linger();
        else if (_closeAfterAnswer) Close();
        else ReadNext();
    }

    private void ReadNext()
    {
        _parser.Reset();
        _saidContinue = false;
        _state = State.Reading;
        Deadline = EventLoop.Now + _server.Limits.RequestTime;
        Watch(Libc.EPOLLIN);
        // A pipelined request waits its turn behind the events of others, and the stack stays flat.
        if (_start < _end) _server.Loop.Post(Owner, () => { if (_state == State.Reading) OnEvents(0); });
    }

    private void Linger()
    {
        _state = State.Lingering;
        Deadline = EventLoop.Now + _server.Limits.LingerTime;
        _ = Sys.Shutdown(_fd, Libc.SHUT_WR);
        Watch(Libc.EPOLLIN);
    }

    private void Discard()
    {
        var errno = Sys.Read(_fd, _input, out int count);
        if (errno == Errno.EAGAIN) return;
        _lingered += count;
        if (errno != Errno.None || count == 0 || _lingered > LingerLimit) Close();
    }

    /// <summary>
    /// Gives the descriptor to <paramref name="take"/>, which must pass it on at once; after true this connection is over
    /// and its copy closed. It gets what the client has sent behind the request, as far as that was read; the rest is in the
    /// socket.
    /// </summary>
    public bool HandOver(Func<FileDescriptor, byte[], bool> take)
    {
        if (!take(_fd, _input.AsSpan(_start, _end - _start).ToArray())) return false;
        _exchange = null;
        Close();
        return true;
    }

    /// <summary>For a process that answers in our place; it stays ours, and is watched for the peer's end meanwhile.</summary>
    public FileDescriptor Descriptor => _fd;

    /// <summary>That process has ended.</summary>
    public void WasAnswered(bool keepAlive)
    {
        if (_state != State.Handling) return;
        _exchange = null;
        Guarded(keepAlive ? ReadNext : Close);
    }

    /// <summary>The deadline has passed.</summary>
    public void Expire()
    {
        if (_state == State.Reading && _parser.HasStarted)
            Refuse(new HttpError(408, "request was not complete in time"));
        else
            Close();
    }

    public void Close()
    {
        if (_state == State.Closed) return;
        _state = State.Closed;
        Deadline = null;
        _exchange?.Abandon();
        _exchange = null;
        _server.Loop.Unwatch(_watch);
        _fd.Dispose();
        // Not ours any more, even if this was called from the middle of a read.
        _server.GiveBack(_input);
        _input = [];
        _start = _end = 0;
        _server.Remove(this);
    }

    private void Watch(uint events)
    {
        if (events == _watched) return;
        _watched = events;
        _server.Loop.Change(_watch, events);
    }
}
