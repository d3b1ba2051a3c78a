using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

/// <summary>
/// The manager's end of the channel to PID 1. Exits are answered only after what they changed has been saved
/// (<see cref="Acknowledge"/>): a manager killed in between is told again.
/// </summary>
internal sealed class GuardLink : IDescriptorStore
{
    private const int ChannelNumber = 3;
    private readonly FileDescriptor _channel = new(ChannelNumber);
    private readonly Dictionary<string, FileDescriptor> _restored = [];
    private int _exitToAnswer;

    public IReadOnlyDictionary<string, FileDescriptor> Restored => _restored;

    public Action<int, ProcessExit>? ChildExited { get; set; }
    public Action<int>? SignalSeen { get; set; }

    /// <summary>What became of an upgrade: whether it was done, and why not.</summary>
    public Action<bool, string>? UpgradeEnded { get; set; }

    /// <summary>Reads the store; returns how many managers there were before.</summary>
    public int Connect()
    {
        while (true)
        {
            var errno = GuardRecord.Receive(_channel, out var record, out var passed);
            errno.ThrowIfError("read", "the guard's channel");
            if (record.Kind == GuardMessage.Restored && passed is not null) _restored[record.Name] = passed;
            else if (record.Kind == GuardMessage.StoreComplete) return record.Status;
        }
    }

    public void Watch(EventLoop loop)
    {
        Sys.SetNonBlocking(_channel).ThrowIfError("fcntl");
        loop.Watch(_channel, Libc.EPOLLIN, "guard", _ => Read(loop));
    }

    public void Put(string name, FileDescriptor fd) => Tell(new GuardRecord { Kind = GuardMessage.Put, Name = name }, fd);

    public void Remove(string name)
    {
        _ = _restored.Remove(name);
        Tell(new GuardRecord { Kind = GuardMessage.Remove, Name = name });
    }

    /// <summary>The machine is being ended; when that takes longer than <paramref name="limit"/> the guard does it by force.</summary>
    public void Ending(MachineEnd end, TimeSpan limit) =>
        Tell(new GuardRecord { Kind = GuardMessage.Ending, Code = (int)end, Status = (int)limit.TotalMilliseconds });

    /// <summary>Everything is stopped: end the machine.</summary>
    public void End(MachineEnd end) => Tell(new GuardRecord { Kind = GuardMessage.End, Code = (int)end });

    /// <summary>This manager has started up and serves.</summary>
    public void Up() => Tell(new GuardRecord { Kind = GuardMessage.Up });

    /// <summary>There may be a watchdog device now.</summary>
    public void WatchdogAppeared() => Tell(new GuardRecord { Kind = GuardMessage.WatchdogAppeared });

    /// <summary>The next manager and guard are to be this executable; this manager has to leave now.</summary>
    public void Upgrade(string name, FileDescriptor executable)
    {
        if (name.Length > GuardRecord.LongestName / 3) name = name[^(GuardRecord.LongestName / 3)..];
        Tell(new GuardRecord { Kind = GuardMessage.Upgrade, Name = name }, executable);
    }

    /// <summary>Answers the exit in hand; to be called when the state is saved.</summary>
    public void Acknowledge()
    {
        if (_exitToAnswer == 0) return;
        Tell(new GuardRecord { Kind = GuardMessage.ExitSeen, Pid = _exitToAnswer });
        _exitToAnswer = 0;
    }

    private void Read(EventLoop loop)
    {
        // One record a turn: an exit is answered before the next one comes.
        var errno = GuardRecord.Receive(_channel, out var record, out var passed);
        passed?.Dispose();
        switch (errno)
        {
            case Errno.EAGAIN or Errno.EPROTO:
                return;
            case Errno.None:
                break;
            default:
                // Without a guard there is nobody to work for: it has been executed again and starts its own manager.
                Log.Warn($"manager: the guard has closed the channel ({errno.Describe()}): leaving");
                loop.Stop();
                return;
        }
        switch (record.Kind)
        {
            case GuardMessage.Exited:
                _exitToAnswer = record.Pid;
                ChildExited?.Invoke(record.Pid, new ProcessExit(record.Code, record.Status));
                break;
            case GuardMessage.Signal:
                Tell(new GuardRecord { Kind = GuardMessage.SignalSeen, Code = record.Code });
                SignalSeen?.Invoke(record.Code);
                break;
            case GuardMessage.Ping:
                Tell(new GuardRecord { Kind = GuardMessage.Pong });
                break;
            case GuardMessage.UpgradeOutcome:
                UpgradeEnded?.Invoke(record.Status == 1, record.Name);
                break;
        }
    }

    // The guard reads whenever it is awake, so a full channel empties by itself: waiting for it is bounded by PID 1's health.
    private void Tell(in GuardRecord record, FileDescriptor? passed = null)
    {
        var errno = GuardRecord.Send(_channel, record, passed);
        if (errno == Errno.EAGAIN)
        {
            Span<Libc.pollfd> fds = [new Libc.pollfd { fd = _channel.Number, events = (short)Libc.EPOLLOUT }];
            _ = Sys.Poll(fds, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(5));
            errno = GuardRecord.Send(_channel, record, passed);
        }
        errno.ThrowIfError("tell", "the guard");
    }
}
