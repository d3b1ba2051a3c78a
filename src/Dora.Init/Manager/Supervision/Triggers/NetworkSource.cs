using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Triggers;

/// <summary>The network as rtnetlink(7) tells of it: any change of a link or an address makes us look.</summary>
internal sealed class NetworkSource(EventLoop loop, string owner, bool carrierOnly) : IWorldSource
{
    private readonly byte[] _buffer = new byte[8192];
    private FileDescriptor? _route;
    private Watch? _watch;

    public string? Stamp() => NetworkState.Read() is { } state && (carrierOnly ? state.HasCarrier : state.IsUp) ? "up" : null;

    public void Listen(Action changed)
    {
        if (_watch is not null) return;
        Sys.OpenRoute(Libc.RTMGRP_LINK | Libc.RTMGRP_IPV4_IFADDR | Libc.RTMGRP_IPV6_IFADDR, out var route).ThrowIfError("listen to", "the network");
        _route = route;
        _watch = loop.Watch(route, Libc.EPOLLIN, owner, _ =>
        {
            // What it says does not matter: the state is read anew. Lost messages (ENOBUFS) are changes too.
            for (int i = 0; i < 256; i++)
                if (Sys.ReceiveNetlink(route, _buffer, out int _, out uint _) is not (Errno.None or Errno.ENOBUFS)) break;
            changed();
        });
    }

    public void Rest()
    {
        if (_watch is not null) loop.Unwatch(_watch);
        _watch = null;
        _route?.Dispose();
        _route = null;
    }

    public void Dispose() => Rest();
}
