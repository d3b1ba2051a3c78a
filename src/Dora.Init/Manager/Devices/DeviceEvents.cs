using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Startup;
using Dora.Init.Modules;

namespace Dora.Init.Manager.Devices;

/// <summary>
/// Devices that come and go while the system runs: loads the driver of what comes, then tells the owner. When events
/// were lost, all devices are coupled again and <see cref="Lost"/> tells the owner to look at all it follows.
/// </summary>
internal sealed class DeviceEvents
{
    private readonly UeventSocket _socket;
    private readonly ModuleLoader _loader;
    private readonly Action<Uevent> _happened;
    private readonly List<Uevent> _events = [];
    private readonly List<byte[]> _heldModaliases = [];
    private bool _isHeld;

    public DeviceEvents(EventLoop loop, Action<Uevent> happened, KernelCommandLine? commandLine = null)
    {
        UeventSocket.Open(out var socket).ThrowIfError("listen for devices");
        _socket = socket!;
        _happened = happened;
        _loader = new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine ?? KernelCommandLine.Read());
        loop.Watch(_socket.Fd, Libc.EPOLLIN, "devices", _ => Read());
    }

    /// <summary>Told after events were lost.</summary>
    public Action? Lost { get; set; }

    /// <summary>Somebody else loads drivers now (DeviceCoupling). What comes meanwhile is kept: the other may have looked before.</summary>
    public void Hold() => _isHeld = true;

    /// <summary>The other is done.</summary>
    public void Release()
    {
        _isHeld = false;
        if (_heldModaliases.Count > 0) _loader.LoadForDevices(_heldModaliases);
        _heldModaliases.Clear();
    }

    private void Read()
    {
        _events.Clear();
        bool isComplete = _socket.Drain(_events);
        if (!isComplete)
        {
            Log.Warn("devices: events were lost in a storm: looking at all devices again");
            if (Machine.IsOurs) ColdPlug.Run(_loader); // also while held: once too often is better than never
        }
        else LoadDrivers();
        foreach (var uevent in _events) _happened(uevent);
        if (!isComplete) Lost?.Invoke();
    }

    private void LoadDrivers()
    {
        if (!Machine.IsOurs) return;
        foreach (var uevent in _events)
            if (uevent.Modalias.Length > 0 && uevent.Action == "add") _heldModaliases.Add(Encoding.Latin1.GetBytes(uevent.Modalias));
        if (!_isHeld) Release();
    }
}
