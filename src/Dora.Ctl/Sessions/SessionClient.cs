using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Ctl.Commands;
using Dora.Ctl.Output;

namespace Dora.Ctl.Sessions;

/// <summary>
/// Our side of an interactive session: stdin to frames, frames to stdout and stderr, in one loop over poll(2). What is typed is
/// read only when the last of it has gone out; what comes is written at once, so a slow reader of our output holds up the
/// command, as it would in a pipe.
///
/// With a terminal every key is the session's, Ctrl-C too. Without one a first INT, QUIT or TERM goes to the command, and a
/// second one ends us, and thereby the session, unless it is detachable.
/// </summary>
internal sealed class SessionClient(Context context, string verb, DoraSession session)
{
    private const int Lost = ExitCodes.RunFailed;

    private static readonly FileDescriptor s_input = new(0), s_output = new(1), s_error = new(2);

    private readonly SessionFrameReader _frames = new(isFromClient: false);
    private readonly byte[] _buffer = new byte[16 * 1024];
    private readonly List<byte> _typed = [];
    private byte[] _sending = [];
    private int _sent;
    private int _interrupts;
    private int? _exitCode;
    private bool _hasInput, _isInputOver, _isRaw;

    /// <summary>The keys that detach; null where that would end the session.</summary>
    public DetachKeys? DetachKeys { get; init; }

    /// <summary>The session has a terminal: ours, if we have one, is its.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Whether our stdin is read at all.</summary>
    public bool HasInput { get; init; } = true;

    /// <summary>Whether the end of our stdin is the end of the session's; not for one client of several.</summary>
    public bool EndsInput { get; init; } = true;

    /// <summary>How the command ended, when it was by a signal.</summary>
    public int EndSignal { get; private set; }

    /// <summary>Rows and columns of the terminal that we are on; null where there is none.</summary>
    public static (ushort Rows, ushort Columns)? WindowSize()
    {
        foreach (var fd in (ReadOnlySpan<FileDescriptor>)[s_output, s_input, s_error])
            if (Sys.IsTerminal(fd) && Sys.GetWindowSize(fd, out int rows, out int columns) == Errno.None && rows > 0 && columns > 0) return ((ushort)rows, (ushort)columns);
        return null;
    }

    public static bool IsOnTerminal => Sys.IsTerminal(s_input) && Sys.IsTerminal(s_output);

    /// <summary>The exit code: the command's, or why there is none.</summary>
    public int Run()
    {
        using var signals = new SignalPipe();
        using var terminal = IsTerminal ? RawTerminal.Of(s_input) : null;
        Sys.SetNonBlocking(session.Connection).ThrowIfError("fcntl");
        _hasInput = HasInput;
        _isRaw = terminal is not null;
        // The window may have changed since it was told.
        if (IsTerminal) SendWindowSize();
        Take(session.Rest);
        Span<Libc.pollfd> fds = stackalloc Libc.pollfd[3];
        while (_exitCode is null)
        {
            bool isSending = _sent < _sending.Length;
            fds[0] = new() { fd = session.Connection.Number, events = (short)(Libc.EPOLLIN | (isSending ? Libc.EPOLLOUT : 0)) };
            fds[1] = new() { fd = _hasInput && !isSending ? s_input.Number : -1, events = (short)Libc.EPOLLIN };
            fds[2] = new() { fd = signals.ReadEnd.Number, events = (short)Libc.EPOLLIN };
            var errno = Sys.Poll(fds, null);
            if (errno == Errno.EINTR) continue;
            errno.ThrowIfError("poll");
            if (fds[2].revents != 0) TakeSignals(signals, terminal);
            if (fds[0].revents != 0 && _exitCode is null) Receive();
            if (fds[1].revents != 0 && _exitCode is null) ReadInput(terminal);
            Flush();
        }
        return _exitCode.Value;
    }

    private void Receive()
    {
        var errno = Sys.Read(session.Connection, _buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno == Errno.None && count > 0) Take(_buffer.AsSpan(0, count));
        else _exitCode = SayLost();
    }

    private void Take(ReadOnlySpan<byte> bytes)
    {
        while (_exitCode is null)
        {
            var result = _frames.Feed(bytes, out int taken, out var data);
            bytes = bytes[taken..];
            switch (result)
            {
                case SessionFrameResult.NeedMore:
                    return;
                case SessionFrameResult.Data when _frames.Type == SessionFrameType.Output:
                    Write(s_output, data);
                    break;
                case SessionFrameResult.Data when _frames.Type == SessionFrameType.Error:
                    Write(s_error, data);
                    break;
                case SessionFrameResult.Data:
                    Say(System.Text.Encoding.UTF8.GetString(data).TrimEnd('\n'));
                    break;
                case SessionFrameResult.Whole when _frames.Type == SessionFrameType.Exit:
                    EndSignal = data[0] == SessionFrame.Signaled ? data[1] : 0;
                    _exitCode = EndSignal == 0 ? data[1] : ExitCodes.Signal + EndSignal;
                    break;
                case SessionFrameResult.Malformed:
                    Say($"{session.Name}: what comes from it makes no sense: {_frames.Problem}");
                    _exitCode = Lost;
                    break;
            }
        }
    }

    private void Write(FileDescriptor fd, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var errno = Sys.Write(fd, bytes, out int count);
            if (errno == Errno.EAGAIN)
            {
                // Whoever shares it has set it so.
                Span<Libc.pollfd> fds = [new Libc.pollfd { fd = fd.Number, events = (short)Libc.EPOLLOUT }];
                _ = Sys.Poll(fds, null);
            }
            else if (errno == Errno.EBADF) return; // we were started without it: nobody wants it
            else if (errno != Errno.None)
            {
                // Nobody reads any more: the command ends as it would at a pipe.
                if (errno != Errno.EPIPE) Say($"write: {errno.Describe()}");
                _exitCode = errno == Errno.EPIPE ? ExitCodes.Signal + Libc.SIGPIPE : Lost;
                return;
            }
            bytes = bytes[count..];
        }
    }

    private void ReadInput(RawTerminal? terminal)
    {
        var errno = Sys.Read(s_input, _buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno != Errno.None || count == 0)
        {
            _hasInput = false;
            if (EndsInput && !_isInputOver) Send(SessionFrame.Of(SessionFrameType.Input, []));
            _isInputOver = true;
            return;
        }
        _typed.Clear();
        bool isDetached = false;
        if (DetachKeys is not null && terminal is not null) isDetached = DetachKeys.Find(_buffer.AsSpan(0, count), _typed);
        else _typed.AddRange(_buffer.AsSpan(0, count));
        if (_typed.Count > 0) Send(SessionFrame.Of(SessionFrameType.Input, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_typed)));
        if (!isDetached) return;
        Flush();
        context.Error.Write("\r\n");
        Say($"detached: {session.Name} goes on, 'dora attach {session.Name}' takes it up again");
        _exitCode = ExitCodes.Ok;
    }

    private void Send(byte[] frame)
    {
        // Only what signals and windows have to say comes while something is on its way.
        _sending = _sent < _sending.Length ? [.. _sending.AsSpan(_sent), .. frame] : frame;
        _sent = 0;
    }

    private void Flush()
    {
        while (_sent < _sending.Length)
        {
            var errno = Sys.Write(session.Connection, _sending.AsSpan(_sent), out int count);
            if (errno == Errno.EAGAIN) return;
            // It is gone; what it had to say is still there to be read, and then its end.
            if (errno != Errno.None)
            {
                _sent = _sending.Length;
                _hasInput = false;
                return;
            }
            _sent += count;
        }
    }

    private void SendWindowSize()
    {
        if (WindowSize() is var (rows, columns)) Send(SessionFrame.WindowSize(rows, columns));
    }

    private void TakeSignals(SignalPipe signals, RawTerminal? terminal)
    {
        Span<byte> numbers = stackalloc byte[16];
        if (Sys.Read(signals.ReadEnd, numbers, out int count) != Errno.None) return;
        foreach (byte number in numbers[..count])
        {
            switch (number)
            {
                case Libc.SIGWINCH:
                    if (IsTerminal) SendWindowSize();
                    break;
                case Libc.SIGTSTP:
                    terminal?.Restore();
                    _ = Sys.Kill(Environment.ProcessId, Libc.SIGSTOP);
                    break;
                case Libc.SIGCONT:
                    terminal?.Enter();
                    if (IsTerminal) SendWindowSize();
                    break;
                case Libc.SIGINT or Libc.SIGQUIT or Libc.SIGTERM when terminal is null && _interrupts++ == 0 && _sent == _sending.Length:
                    Send(SessionFrame.Of(SessionFrameType.Signal, [number]));
                    break;
                default:
                    _exitCode = ExitCodes.Signal + number;
                    break;
            }
        }
    }

    /// <summary>The connection ended before the command did: what has become of that.</summary>
    private int SayLost()
    {
        string what;
        try
        {
            var status = context.Client.Service(session.Name).Value;
            what = status.State is ServiceStates.Running or ServiceStates.Starting
                ? session.IsDetachable ? $"it goes on: 'dora attach {session.Name}' takes it up again" : "it is being ended"
                : $"it is {status.State}{(status.Reason is { } reason ? $": {reason}" : "")}";
        }
        catch (DoraException failure)
        {
            what = $"what has become of it is not known: {failure.Message}";
        }
        Say($"{session.Name}: the connection to it was lost; {what}");
        return Lost;
    }

    // Lines end with CR LF where the terminal does not add it.
    private void Say(string text)
    {
        context.Error.Write($"dora: {verb}: {context.Error.Foreign(text).Replace("\n", _isRaw ? "\r\n" : "\n")}{(_isRaw ? "\r\n" : "\n")}");
        context.Error.Flush();
    }
}
