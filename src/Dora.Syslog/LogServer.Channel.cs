using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

// The channel to the manager.
internal sealed partial class LogServer
{
    private const int MessagesPerWakeUp = 32;
    private static readonly TimeSpan s_lackPause = TimeSpan.FromSeconds(5);

    private readonly Queue<long> _ended = new();
    private FileDescriptor? _channel;
    private Watch? _channelWatch;
    private bool _helloIsDue;
    private LoopTimer? _lacking;
    private Store.StoreFeed? _store;

    /// <summary>Takes streams and queries from <paramref name="channel"/>, which is ours from here on.</summary>
    public void Attend(FileDescriptor channel)
    {
        _channel = channel;
        _channelWatch = Loop.Watch(channel, Libc.EPOLLIN, "channel", OnChannel);
        _helloIsDue = true;
        SendDue();
    }

    private void OnChannel(uint events)
    {
        if ((events & Libc.EPOLLOUT) != 0) SendDue();
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        for (int i = 0; i < MessagesPerWakeUp && _channel is not null; i++)
        {
            var errno = Sys.Receive(_channel, buffer, out int count, out var passed, Libc.MSG_DONTWAIT);
            if (errno == Errno.EAGAIN) return;
            if (errno != Errno.None || count == 0)
            {
                // Not while the guard holds the other end. Lines are collected all the same.
                Note("channel: closed: no new streams and no queries until syslog is restarted");
                CloseChannel();
                return;
            }
            OnMessage(buffer[..count], passed);
        }
    }

    private void OnMessage(ReadOnlySpan<byte> bytes, FileDescriptor? passed)
    {
        bool isKnown = ChannelMessage.TryDecode(bytes, out var message);
        if (isKnown && message.Kind == ChannelMessageKind.AddStream && passed is not null)
            AddStream(message.StreamId, message.Source, message.Service, passed);
        else if (isKnown && message.Kind == ChannelMessageKind.StoreFolder && passed is not null)
            KeepIn(passed, StoreLimits.Decode(message.Query));
        else if (isKnown && message.Kind == ChannelMessageKind.Rate && passed is null) Limit(message.Service, message.Rate);
        else if (isKnown && message.Kind == ChannelMessageKind.Query && passed is not null
                 && LogQuery.TryDecode(message.Query, out var query))
            Serve(passed, query);
        else
        {
            passed?.Dispose();
            if (isKnown && message.Kind == ChannelMessageKind.Sync)
            {
                _helloIsDue = true;
                SendDue();
            }
            else if (isKnown && message.Kind is ChannelMessageKind.AddStream or ChannelMessageKind.StoreFolder or ChannelMessageKind.Query) Lack();
            else Note("channel: a message that this syslog does not understand was ignored");
        }
    }

    /// <summary>A message came without its descriptor: we have as many as we may. All that is meant for us is asked for again until it comes.</summary>
    private void Lack()
    {
        NoteSeldom("descriptors", "channel: there is no room for more open files (EMFILE): the output of some services waits until others end");
        _lacking ??= Loop.After(s_lackPause, "channel", () =>
        {
            _lacking = null;
            _helloIsDue = true;
            SendDue();
        });
    }

    private void KeepIn(FileDescriptor folder, StoreLimits limits)
    {
        // Said again by every new manager: the same is no news, and new limits count for the process that comes next.
        if (_store is null)
        {
            _store = new Store.StoreFeed(this, folder, limits);
            PostPump();
        }
        else _store.Renew(folder, limits);
    }

    private void TellEnded(long streamId)
    {
        if (_channel is null) return;
        _ended.Enqueue(streamId);
        SendDue();
    }

    private void SendDue()
    {
        if (_channel is null) return;
        var errno = Errno.None;
        if (_helloIsDue)
        {
            errno = Send(ChannelMessage.KnowsRates);
            if (errno == Errno.None) errno = Send(ChannelMessage.Hello);
            _helloIsDue = errno != Errno.None;
        }
        while (errno == Errno.None && _ended.TryPeek(out long id))
        {
            errno = Send(ChannelMessage.StreamEnded(id));
            if (errno == Errno.None) _ended.Dequeue();
        }
        // A manager that is being restarted reads nothing: the rest waits for it.
        Loop.Change(_channelWatch!, errno == Errno.EAGAIN ? Libc.EPOLLIN | Libc.EPOLLOUT : Libc.EPOLLIN);
    }

    private Errno Send(in ChannelMessage message)
    {
        Span<byte> buffer = stackalloc byte[ChannelMessage.MaximumBytes];
        return Sys.Send(_channel!, message.Encode(buffer), null, Libc.MSG_DONTWAIT);
    }

    private void CloseChannel()
    {
        if (_channel is null) return;
        Loop.Unwatch(_channelWatch!);
        _channel.Dispose();
        _channel = null;
        _ended.Clear();
    }

    private void CloseSources()
    {
        CloseChannel();
        _lacking?.Cancel();
        CloseRemote();
        if (_devLogWatch is not null) Loop.Unwatch(_devLogWatch);
        _devLog?.Dispose();
        _senders.Close();
        if (_kernelWatch is not null) Loop.Unwatch(_kernelWatch);
        _kernel?.Dispose();
        _store?.Close();
        _sweep?.Cancel();
        _signOfLife?.Cancel();
    }
}
