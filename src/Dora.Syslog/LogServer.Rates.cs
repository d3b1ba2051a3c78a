using System.Buffers.Text;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Protocol;

namespace Dora.Syslog;

// What is dropped because its writer says too much (LogRates), and who is told of it.
internal sealed partial class LogServer
{
    private const byte DaemonWarning = 3 * 8 + 4;

    /// <summary>What stands in front of the number of a user, where those who are in no service are counted; no service has a blank in its name.</summary>
    public static ReadOnlySpan<byte> UserPrefix => "uid "u8;

    /// <summary>And where datagrams are that a place of UDP has lost.</summary>
    public const string PlacePrefix = "udp ";

    /// <summary>Takes up what log.yaml says to syslog itself; what is wrong with it is told by who reads it for the store, too, where there is one.</summary>
    public void Configure(LogFile file)
    {
        foreach (var problem in file.Problems) Note(problem.ToString());
        _file = file;
        Ring.Rates?.Usual = file.Rate;
    }

    /// <summary>A service's own limit; null: it has none.</summary>
    private void Limit(string service, PollLimit? limit) => Ring.Rates?.Set(Encoding.UTF8.GetBytes(service), limit, EventLoop.Now.Ticks / 10);

    /// <summary>Where lines of a service are counted, or of a user who is in none; -1: there is no limit. What is due of it is told.</summary>
    private int RateOf(scoped ReadOnlySpan<byte> service, uint uid)
    {
        if (Ring.Rates is not { HasLimits: true } rates) return -1;
        Span<byte> user = stackalloc byte[16];
        if (service.IsEmpty)
        {
            UserPrefix.CopyTo(user);
            Utf8Formatter.TryFormat(uid, user[UserPrefix.Length..], out int digits);
            service = user[..(UserPrefix.Length + digits)];
        }
        return RateOf(service);
    }

    /// <summary>The same by the name alone.</summary>
    public int RateOf(scoped ReadOnlySpan<byte> name)
    {
        if (Ring.Rates is not { HasLimits: true } rates) return -1;
        int rate = rates.For(name, EventLoop.Now.Ticks / 10);
        if (rate >= 0) TellIfDue(rate);
        return rate;
    }

    /// <summary>The kernel has lost so many datagrams in all at a place, since its socket was made.</summary>
    public void CountLosses(ReadOnlySpan<byte> place, uint count)
    {
        if (Ring.Rates is not { } rates || rates.LossesOf(place, count, EventLoop.Now.Ticks / 10) is not (>= 0 and var index)) return;
        Ring.Begin(0);
        rates.Save(index);
        rates.CountLosses(index, count, EventLoop.Now.Ticks / 10);
        Ring.Commit();
        WantSweep();
    }

    /// <summary>How things are: what was lost, and why.</summary>
    private LogStatus Status()
    {
        var dropped = new List<LogDropped>();
        long lost = 0;
        foreach (var (name, lines, limit) in Ring.Rates?.Dropped() ?? [])
        {
            if (name.StartsWith("udp ", StringComparison.Ordinal)) lost += lines;
            else dropped.Add(new LogDropped(name, lines, limit.Count == 0 ? null : limit.ToString()));
        }
        return new LogStatus(Ring.NextSequence - Ring.FirstSequence, Ring.Overwritten, Ring.KernelDropped)
        {
            Dropped = dropped, Places = _places.ConvertAll(place => place.Name), Connections = _connections.Count, LostDatagrams = lost,
        };
    }

    /// <summary>The lines of a message, as many as may be; false if the last of them may not. What is taken by a batch of the ring has <paramref name="rate"/> saved.</summary>
    /// <param name="entry">Whose they are.</param>
    /// <param name="text">One or more lines.</param>
    /// <param name="rate">Where they are counted.</param>
    /// <param name="goesOn">The first goes on the last one before it.</param>
    /// <param name="wasKept">That one was kept.</param>
    public bool AddLines(scoped ref LogEntry entry, ReadOnlySpan<byte> text, int rate, bool goesOn = false, bool wasKept = true)
    {
        bool isKept = wasKept;
        var lines = new LineCutter(text, goesOn);
        while (lines.Next(isEnd: true))
        {
            // Of a line that is dropped the rest is, too.
            if (rate >= 0 && !isKept && lines.IsContinuation) Ring.Rates!.Drop(rate);
            else isKept = rate < 0 || Ring.Rates!.TryTake(rate, entry.BootUs);
            entry.IsContinuation = lines.IsContinuation;
            entry.Text = lines.Line;
            if (isKept) Add(entry);
            else WantSweep();
        }
        return isKept;
    }

    /// <summary>A message was longer than what is kept of one.</summary>
    public void AddCutOff(scoped ref LogEntry entry, int bytes)
    {
        entry.IsContinuation = false;
        entry.Text = Encoding.UTF8.GetBytes($"{bytes} bytes of this message were cut off");
        Add(entry);
    }

    /// <summary>Lines of a window that is over were dropped: a line says how many.</summary>
    public void TellIfDue(int index)
    {
        if (Ring.Rates!.IsDue(index, Stamp().BootUs)) Tell(index);
    }

    /// <summary>Tells what is due; whether something is left that will be.</summary>
    private bool TellDropped(TimeSpan now)
    {
        if (Ring.Rates is not { } rates) return false;
        for (int i = 0; (i = rates.NextDue(i, now.Ticks / 10)) >= 0; i++) Tell(i);
        return rates.HasUntold;
    }

    // The line and what it counts stand together, or neither does (LogRing.Commit).
    private void Tell(int index)
    {
        var rates = Ring.Rates!;
        long lines = rates.Untold(index);
        var name = rates.NameOf(index);
        var limit = rates.LimitOf(index);
        bool isService = name.IndexOf((byte)' ') < 0;
        string of = isService ? "" : $" of {Encoding.UTF8.GetString(name)}";
        string why = limit.Count == 0 ? "" : $": more than {limit.Count} in {DurationText.Format(limit.Interval)}";
        string text = name.StartsWith("udp "u8) ? $"{lines} datagrams were lost at {Encoding.UTF8.GetString(name)}: they came faster than they could be read"
            : $"{lines} {(lines == 1 ? "line" : "lines")}{of} {(lines == 1 ? "was" : "were")} dropped{why}";
        Ring.Begin(0);
        rates.Save(index);
        Ring.Step();
        Add(new LogEntry
        {
            Priority = DaemonWarning, Source = LogSource.Self, Service = isService ? name : "syslog"u8, Text = Encoding.UTF8.GetBytes(text),
        });
        rates.Told(index);
        Ring.Step();
        Ring.Commit();
        Added();
    }
}
