using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Relay;

/// <summary>
/// Copies between a command and its clients until the command has ended and they have been told. One thread in poll(2).
///
/// Nothing waits in memory without a bound. Output is read only when every client has room for it, so a client that does
/// not read stops the command as a slow terminal does; but where there are others nobody waits for one who has taken
/// nothing for 10 s: it is dropped. Input is read only when what was typed before has been taken.
///
/// The end has an order: the command ends -> what it has written is read to its end -> how it ended is the last frame ->
/// each client has 10 s at a time to take what waits for it -> the relay ends as the command did. When the last client
/// goes before that, a session that is detachable goes on, and keeps its last output for whoever comes; any other is hung
/// up, and killed when it is still there 5 s later. What the command has left running is the manager's concern: its
/// cgroup is killed when the relay ends.
///
/// The manager is not needed for any of this, and may be killed and replaced: the socket by which further clients come is
/// kept by the guard.
/// </summary>
internal sealed class RelayProcess
{
    private const int MostClients = 16;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10), s_hangUpTime = TimeSpan.FromSeconds(5), s_drainTime = TimeSpan.FromSeconds(2);
    private static readonly int[] s_signals = [Libc.SIGCHLD, Libc.SIGTERM, Libc.SIGHUP, Libc.SIGINT, Libc.SIGQUIT];

    private readonly RelayParameters _parameters;
    private readonly RelayCommand _command;
    private readonly List<RelayClient> _clients = [];
    private readonly Replay _replay = new();
    private readonly FileDescriptor _signals;
    private readonly byte[] _buffer = new byte[RelayClient.LargestPiece];
    private readonly List<Libc.pollfd> _polled = [];
    private FileDescriptor? _attach;
    private SessionEnd? _end;
    private TimeSpan? _killAt, _drainUntil;
    private bool _isHungUp, _isTold;

    public RelayProcess(RelayParameters parameters, RelayCommand command, FileDescriptor first, FileDescriptor attach)
    {
        _parameters = parameters;
        _command = command;
        _attach = attach;
        Sys.SignalDescriptor(s_signals, out _signals).ThrowIfError("signalfd");
        Admit(new FileDescriptor(first.Release()), parameters.Rest);
    }

    public SessionEnd Run()
    {
        // It may have ended before there was a signalfd to say so.
        Reap();
        while (true)
        {
            DropClients();
            if (_end is not null) Finish();
            if (_isTold && !_clients.Exists(client => client.HasWaiting)) break;
            Wait();
            Signals();
            if (_attach is not null) Attach();
            Copy(SessionFrameType.Output);
            Copy(SessionFrameType.Error);
            ReadClients();
            _command.Flush();
            foreach (var client in _clients) client.Flush();
            if (_killAt <= Sys.TimeSinceBoot() && _end is null)
            {
                _ = Sys.Kill(_command.Pid, Libc.SIGKILL);
                _killAt = null;
            }
        }
        foreach (var client in _clients) client.Dispose();
        return _end!.Value;
    }

    private bool HasRoom => !_clients.Exists(client => !client.IsOver && !client.HasRoom);

    // Slots of _polled: signals, attach, output, error, input, then the clients.
    private void Wait()
    {
        _polled.Clear();
        bool hasRoom = HasRoom;
        Poll(_signals, Libc.EPOLLIN);
        Poll(_attach, Libc.EPOLLIN);
        Poll(hasRoom ? _command.Output : null, Libc.EPOLLIN);
        Poll(hasRoom ? _command.Error : null, Libc.EPOLLIN);
        Poll(_command.Pending.Count > 0 ? _command.Input : null, Libc.EPOLLOUT);
        foreach (var client in _clients)
            Poll(client.Connection, (client.HasEnded || client.IsRefused || _command.Pending.Count > 0 ? 0 : Libc.EPOLLIN) | (client.HasWaiting ? Libc.EPOLLOUT : 0));
        var errno = Sys.Poll(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_polled), Deadline());
        if (errno is not (Errno.None or Errno.EINTR)) errno.ThrowIfError("poll");
    }

    private void Poll(FileDescriptor? fd, uint events) => _polled.Add(new Libc.pollfd { fd = fd?.Number ?? -1, events = (short)events });

    private uint Happened(int slot) => slot < _polled.Count ? (uint)(ushort)_polled[slot].revents : 0;

    private TimeSpan? Deadline()
    {
        TimeSpan? next = _killAt;
        void Before(TimeSpan? other)
        {
            if (other is not null && (next is null || other < next)) next = other;
        }

        if (HasRoom) Before(_drainUntil);
        if (MayDrop)
            foreach (var client in _clients)
                if (client.HasWaiting) Before(client.TookAt + s_patience);
        return next;
    }

    /// <summary>Whether somebody waits for a slow client who should not: another client, or the end.</summary>
    private bool MayDrop => _clients.Count > 1 || _end is not null;

    private void Signals()
    {
        Span<Libc.signalfd_siginfo> info = stackalloc Libc.signalfd_siginfo[1];
        while (Sys.Read(_signals, System.Runtime.InteropServices.MemoryMarshal.AsBytes(info), out int count) == Errno.None && count > 0)
        {
            if (info[0].ssi_signo == Libc.SIGCHLD) Reap();
            else if (_end is null) _command.Stop();
        }
    }

    private void Reap()
    {
        if (_end is not null || Sys.WaitId(Libc.P_PID, _command.Pid, Libc.WEXITED | Libc.WNOHANG, out var info, out _) != Errno.None || info.si_pid == 0) return;
        _end = info.si_code == Libc.CLD_EXITED ? new SessionEnd(info.si_status, 0) : new SessionEnd(0, info.si_status);
        _command.Ended();
        // What was written to a terminal is on its way for a moment; and one that others still hold open has no end.
        _drainUntil = Sys.TimeSinceBoot() + s_drainTime;
    }

    private void Copy(SessionFrameType type)
    {
        // As long as there is something, but not for ever: clients have their turn too.
        for (int i = 0; i < 4 && HasRoom; i++)
        {
            if ((type == SessionFrameType.Output ? _command.Output : _command.Error) is not { } source) return;
            var errno = Sys.Read(source, _buffer, out int count);
            if (errno == Errno.EAGAIN)
            {
                if (_end is not null && (!_parameters.IsTerminal || _drainUntil <= Sys.TimeSinceBoot())) _command.CloseOutput(type);
                return;
            }
            if (errno != Errno.None || count == 0)
            {
                _command.CloseOutput(type);
                return;
            }
            var bytes = _buffer.AsSpan(0, count);
            _replay.Add(type, bytes);
            foreach (var client in _clients) client.Add(type, bytes);
        }
    }

    /// <summary>When all its output is read, its end is told.</summary>
    private void Finish()
    {
        if (_isTold || _command.Output is not null || _command.Error is not null) return;
        _isTold = true;
        _drainUntil = null;
        Span<byte> content = [_end!.Value.Signal == 0 ? SessionFrame.Exited : SessionFrame.Signaled, (byte)(_end.Value.Signal == 0 ? _end.Value.Code : _end.Value.Signal)];
        foreach (var client in _clients)
        {
            client.Add(SessionFrameType.Exit, content);
            client.Flush();
        }
    }

    private void Attach()
    {
        Span<byte> message = stackalloc byte[AttachRequest.Longest];
        while (true)
        {
            var errno = Sys.Receive(_attach!, message, out int count, out var passed, Libc.MSG_DONTWAIT);
            if (errno == Errno.EAGAIN) return;
            if (errno != Errno.None || count == 0)
            {
                // The manager's end is gone for good: nobody comes any more.
                passed?.Dispose();
                _attach!.Dispose();
                _attach = null;
                return;
            }
            if (passed is null) continue;
            if (AttachRequest.Decode(message[..count]) is not { } request) Refuse(passed, "session.version", "another version of init runs this session");
            else if (_end is not null) Refuse(passed, "session.ended", "the session has ended");
            else if (_clients.Count == MostClients) Refuse(passed, "session.busy", $"it has {MostClients} clients already");
            else
            {
                Admit(passed, request.Rest);
                if (!_parameters.IsTerminal || request.Rows == 0) continue;
                _command.Resize(request.Rows, request.Columns);
                _command.Redraw();
            }
        }
    }

    private void Refuse(FileDescriptor connection, string error, string message)
    {
        byte[] json = JsonMapWriter.Write(new ErrorBody(error, $"{_parameters.Name}: {message}"));
        _ = Sys.Write(connection, HttpResponse.Format(409, HttpResponse.Json, [.. json, (byte)'\n'], keepAlive: false), out _);
        connection.Dispose();
    }

    /// <summary>A client's connection, and what it sent behind its request; it gets the answer, and what it has missed.</summary>
    private void Admit(FileDescriptor connection, byte[] rest)
    {
        var client = new RelayClient(connection);
        Sys.SetNonBlocking(connection).ThrowIfError("fcntl");
        client.Add(HttpResponse.SessionHead(_parameters.Name, _parameters.IsTerminal, _parameters.IsDetachable));
        client.Add(_replay.Frames());
        _clients.Add(client);
        Understand(client, rest);
        client.Flush();
    }

    private void ReadClients()
    {
        for (int i = 0; i < _clients.Count; i++)
        {
            var client = _clients[i];
            if (client.IsOver) continue;
            // A client that was admitted since has no slot yet, and is looked at in the next turn.
            uint happened = Happened(5 + i);
            bool isGone = (happened & (Libc.EPOLLHUP | Libc.EPOLLERR)) != 0;
            if ((happened & Libc.EPOLLIN) != 0 && !client.HasEnded && !client.IsRefused && _command.Pending.Count == 0) Read(client, isGone);
            if (isGone && (client.HasEnded || client.IsRefused || _command.Pending.Count > 0 || (happened & Libc.EPOLLIN) == 0)) client.Dispose();
        }
    }

    private void Read(RelayClient client, bool isGone)
    {
        var errno = Sys.Read(client.Connection, _buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno != Errno.None || (count == 0 && isGone)) client.Dispose();
        else if (count > 0) Understand(client, _buffer.AsSpan(0, count));
        else
        {
            // It has shut its side alone: there is no more input of it, but it still reads.
            client.HasEnded = true;
            if (_clients.Count == 1) _command.EndInput();
        }
    }

    private void Understand(RelayClient client, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var result = client.Frames.Feed(bytes, out int taken, out var data);
            bytes = bytes[taken..];
            switch (result)
            {
                case SessionFrameResult.NeedMore:
                    return;
                case SessionFrameResult.Malformed:
                    client.Add(SessionFrameType.Message, System.Text.Encoding.UTF8.GetBytes(client.Frames.Problem + "\n"));
                    client.IsRefused = true;
                    return;
                case SessionFrameResult.Data:
                    _command.Type(data);
                    break;
                case SessionFrameResult.EndOfInput:
                    _command.EndInput();
                    break;
                case SessionFrameResult.Whole when client.Frames.Type == SessionFrameType.WindowSize:
                    var (rows, columns) = SessionFrame.ReadWindowSize(data);
                    _command.Resize(rows, columns);
                    break;
                case SessionFrameResult.Whole:
                    if (data[0] is > 0 and <= 64 && _end is null) _command.Signal(data[0]);
                    break;
            }
        }
    }

    private void DropClients()
    {
        var now = Sys.TimeSinceBoot();
        for (int i = _clients.Count - 1; i >= 0; i--)
        {
            var client = _clients[i];
            bool isSlow = client.HasWaiting && MayDrop && client.TookAt + s_patience <= now;
            if (isSlow || (client.IsRefused && !client.HasWaiting)) client.Dispose();
            if (client.IsOver) _clients.RemoveAt(i);
        }
        if (_clients.Count > 0 || _parameters.IsDetachable || _isHungUp) return;
        _isHungUp = true;
        if (_end is not null) return;
        _command.HangUp();
        _killAt = now + s_hangUpTime;
    }
}
