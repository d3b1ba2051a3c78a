using Dora.Core.Client;
using Dora.Core.Configuration.Forwarding;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// Lines from the log to one target, for as long as it runs. It may block, for it is alone in its process: the log goes on without it.
///
/// The log is the queue. While the target is away nothing is read, and when it is back reading goes on behind the last line that it has
/// for sure: from the ring in RAM, and from the files of a storage as far as they reach. What was overwritten meanwhile is told by the log
/// in a line of its own, which is sent like any other. What an earlier boot has left over is in files too, and goes first, boot by boot
/// (<see cref="ForwardPosition"/>): the next one begins when the target has all of it for sure, for numbers are those of a boot.
///
/// For sure means that the other side's kernel has confirmed it (TLS: that openssl has taken it) and that the connection has lasted
/// for <see cref="s_proof"/> after that; syslog over TCP has no confirmation of its own. So a connection that breaks costs no line that
/// the receiver has not thrown away itself after it took it, and some lines come twice, with the same sequenceId.
///
/// The position goes to a file once a second at most, when it has moved. Numbers: _read counts what the log has given, _waiting is what is
/// not written yet, and a <see cref="Mark"/> stands for what was written and is not for sure.
/// </summary>
internal sealed class Forwarder(ForwardTarget target, ForwardPosition position, Action<string> say, Action<string> tell)
{
    private const int MostWaiting = 256 * 1024;

    /// <summary>One may be of a syslog that was killed before its first line.</summary>
    private const int EmptyAnswers = 2;

    /// <summary>
    /// A receiver's socket holds some 250 datagrams, nobody tells when it is full, and a log that catches up comes at once: so many in a
    /// turn, and a pause of <see cref="s_spread"/>.
    /// </summary>
    private const int DatagramsPerTurn = 20;

    private static readonly TimeSpan s_spread = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan s_proof = TimeSpan.FromSeconds(2), s_tick = TimeSpan.FromMilliseconds(500), s_save = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1), s_longestPause = TimeSpan.FromSeconds(60), s_leaving = TimeSpan.FromSeconds(5);

    /// <summary>Up to this line everything was written, as the byte that the connection had counted then, and when.</summary>
    private readonly record struct Mark(long Sequence, long Bytes, TimeSpan Time);

    private readonly Queue<(long Sequence, byte[] Bytes)> _waiting = new();
    private readonly Queue<Mark> _marks = new();
    private readonly ForwardLoops _loops = new();
    private readonly string _host = Sys.ReadText("/proc/sys/kernel/hostname")?.Trim() ?? "";
    private FileDescriptor? _signals;
    private long _read, _written, _waitingBytes;
    private int _sent; // of the first that waits
    private TimeSpan _savedAt, _nextTurn;
    private TimeSpan? _missingSince; // the earlier boot, in the list of boots
    private bool _isTold, _isUnsaved, _isReady;
    private string _problem = "";

    private bool IsUdp => target.Protocol is ForwardProtocol.Udp;

    public int Run()
    {
        Sys.SignalDescriptor([Libc.SIGTERM], out _signals).ThrowIfError("signalfd");
        var pause = s_firstPause;
        while (!_isTold)
        {
            var start = Sys.TimeSinceBoot();
            string problem;
            using (var link = ForwardLink.Open(target, out problem))
                if (link is not null) problem = Carry(link);
            if (_isTold) break;
            Report(problem);
            if (Sys.TimeSinceBoot() - start > s_longestPause) pause = s_firstPause;
            if (Sys.WaitReadable(_signals, Sys.TimeSinceBoot() + pause) == Errno.None) break;
            pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
        }
        Save(isLast: true);
        return 0;
    }

    /// <summary>Until the connection is over; why.</summary>
    private string Carry(ForwardLink link)
    {
        _waiting.Clear();
        _marks.Clear();
        _loops.Target = link.Peer;
        (_written, _waitingBytes, _sent, _read) = (0, 0, 0, position.Sequence);
        LineSource? source = null;
        TimeSpan? leaving = null;
        int emptyAnswers = 0;
        try
        {
            while (leaving is null || (Sys.TimeSinceBoot() < leaving && (_waiting.Count > 0 || _marks.Count > 0)))
            {
                if (emptyAnswers == EmptyAnswers && _waiting.Count == 0 && _marks.Count == 0 && GoOn()) emptyAnswers = 0;
                if (source is null && leaving is null && emptyAnswers < EmptyAnswers && (source = LineSource.Open(position.EarlierBoot, _read, Take, out string why)) is null) Report(why);
                if (!Wait(link, source, leaving is not null, out bool isReadable, out bool isAnswered)) return "";
                if (isAnswered && !link.Drain()) return "the connection was closed";
                if (isReadable && !source!.Read())
                {
                    // Syslog was restarted, or dropped us: asked again behind what we have. So it is when an answer about an earlier boot has come to its
                    // end, which looks the same; that boot is through, or there are no files of it, when there is nothing behind.
                    emptyAnswers = position.EarlierBoot is not null && source.IsEmpty ? emptyAnswers + 1 : 0;
                    source.Dispose();
                    source = null;
                }
                var errno = Write(link);
                if (errno != Errno.None) return errno.Describe();
                Confirm(link);
                Save();
                if (_isTold) leaving ??= Sys.TimeSinceBoot() + s_leaving;
            }
            return "";
        }
        finally
        {
            source?.Dispose();
        }
    }

    /// <summary>To the boot behind an earlier one that the target has; false: not yet.</summary>
    private bool GoOn()
    {
        var boots = new List<string>();
        try
        {
            foreach (var boot in new DoraClient().LogBoots()) boots.Add(boot.Boot);
        }
        catch (DoraException exception)
        {
            Report(exception.Message);
            return false;
        }
        // The storage may still be on its way when we start.
        if (!boots.Contains(position.EarlierBoot!) && Sys.TimeSinceBoot() - (_missingSince ??= Sys.TimeSinceBoot()) < s_longestPause) return false;
        _missingSince = null;
        position.GoOn(boots);
        _read = 0;
        return true;
    }

    private bool Wait(ForwardLink link, LineSource? source, bool isLeaving, out bool isReadable, out bool isAnswered)
    {
        bool isHungry = source is not null && !isLeaving && _waitingBytes < MostWaiting;
        Span<Libc.pollfd> fds =
        [
            new Libc.pollfd { fd = link.Number, events = (short)(_waiting.Count > 0 && !IsUdp ? Libc.EPOLLIN | Libc.EPOLLOUT : Libc.EPOLLIN) },
            new Libc.pollfd { fd = isLeaving ? -1 : _signals!.Number, events = (short)Libc.EPOLLIN },
            new Libc.pollfd { fd = isHungry ? source!.Number : -1, events = (short)Libc.EPOLLIN },
        ];
        // With nothing unproven and nothing unsaved there are no wake-ups.
        bool hasTimer = _marks.Count > 0 || !position.IsSaved || source is null || isLeaving;
        var errno = Sys.Poll(fds, hasTimer || _waiting.Count > 0 ? Sys.TimeSinceBoot() + (IsUdp && _waiting.Count > 0 ? s_spread : s_tick) : null);
        (isReadable, isAnswered) = (fds[2].revents != 0, fds[0].revents != 0 && fds[0].revents != (short)Libc.EPOLLOUT);
        _isTold |= fds[1].revents != 0;
        if (errno is Errno.None or Errno.EINTR) return true;
        Report($"poll: {errno.Describe()}");
        return false;
    }

    private void Take(LogLine line)
    {
        long sequence = line.Sequence ?? _read;
        _read = sequence;
        int priority = (line.Facility ?? 1) * 8 + line.Priority;
        byte[] bytes = target.Selector.Selects(priority) && !_loops.WouldLoop(line)
            ? ForwardedLine.Write(line, _host, target.IsLegacy, IsUdp ? null : target.IsCounted) : [];
        _waiting.Enqueue((sequence, bytes));
        _waitingBytes += bytes.Length;
    }

    private Errno Write(ForwardLink link)
    {
        bool isAnyWritten = false;
        long last = 0;
        int turns = 0;
        var errno = Errno.None;
        if (IsUdp && Sys.TimeSinceBoot() < _nextTurn) return errno;
        while (_waiting.TryPeek(out var first) && !(IsUdp && turns == DatagramsPerTurn))
        {
            if (first.Bytes.Length > 0)
            {
                errno = link.Write(first.Bytes.AsSpan(_sent), out int count);
                if (errno == Errno.EMSGSIZE) count = first.Bytes.Length - _sent; // longer than a datagram: it cannot go this way
                else if (errno != Errno.None) break;
                turns++;
                _written += count;
                _sent += count;
                if (_sent < first.Bytes.Length) continue;
            }
            _waiting.Dequeue();
            _waitingBytes -= first.Bytes.Length;
            _sent = 0;
            (isAnyWritten, last) = (true, first.Sequence);
        }
        if (turns == DatagramsPerTurn) _nextTurn = Sys.TimeSinceBoot() + s_spread;
        if (isAnyWritten) _marks.Enqueue(new Mark(last, _written, Sys.TimeSinceBoot()));
        if (errno is not (Errno.None or Errno.EAGAIN or Errno.EMSGSIZE)) return errno;
        if (!_isReady) Ready();
        return Errno.None;
    }

    private void Confirm(ForwardLink link)
    {
        if (_marks.Count == 0) return;
        long confirmed = _written - (IsUdp ? 0 : link.Unconfirmed);
        var since = Sys.TimeSinceBoot() - s_proof;
        while (_marks.TryPeek(out var mark) && mark.Bytes <= confirmed && mark.Time <= since)
        {
            position.Sequence = mark.Sequence;
            _marks.Dequeue();
        }
    }

    private void Save(bool isLast = false)
    {
        var now = Sys.TimeSinceBoot();
        if (position.IsSaved || (!isLast && now - _savedAt < s_save)) return;
        _savedAt = now;
        var errno = position.Save();
        if (errno != Errno.None && !_isUnsaved) say($"<4>{target}: its position cannot be kept: {errno.Describe()}: after a restart lines are sent twice");
        _isUnsaved = errno != Errno.None;
    }

    private void Ready()
    {
        _isReady = true;
        if (_problem.Length > 0) say($"<5>{target}: lines are sent again");
        _problem = "";
        tell($"READY=1\nSTATUS=sends to {target}");
    }

    /// <summary>Once for each cause: a target that is away for a week is no news every minute.</summary>
    private void Report(string problem)
    {
        _isReady = false;
        if (problem.Length == 0 || problem == _problem) return;
        _problem = problem;
        say($"<4>{target}: {problem}: lines wait in the log");
        tell($"STATUS=waits for {target}: {problem}");
    }
}
