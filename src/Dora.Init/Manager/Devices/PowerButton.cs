using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Devices;

/// <summary>
/// The power button: an input device (linux/input.h) that can send KEY_POWER. Devices are looked at when they appear;
/// one that has no such key is closed again.
/// </summary>
internal sealed class PowerButton(EventLoop loop, Action pressed)
{
    private const int EventSize = 24, KeyPower = 116, EvKey = 1;
    private const int KeyBytes = 0x300 / 8;
    private readonly Dictionary<string, Watch> _watches = [];

    public void LookAtAll()
    {
        if (Sys.ListDirectory("/dev/input", out var names) != Errno.None) return;
        foreach (string name in names)
            if (name.StartsWith("event", StringComparison.Ordinal)) LookAt(name);
    }

    /// <summary>Watches /dev/input/<paramref name="name"/> if it is a power button.</summary>
    public void LookAt(string name)
    {
        if (_watches.ContainsKey(name)) return;
        if (Sys.Open($"/dev/input/{name}", Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out var fd) != Errno.None) return;
        if (!HasPowerKey(fd))
        {
            fd.Dispose();
            return;
        }
        _watches.Add(name, loop.Watch(fd, Libc.EPOLLIN, $"power button {name}", _ => Read(name, fd)));
    }

    private static unsafe bool HasPowerKey(FileDescriptor fd)
    {
        byte* keys = stackalloc byte[KeyBytes];
        new Span<byte>(keys, KeyBytes).Clear();
        // EVIOCGBIT(EV_KEY, size): _IOC(_IOC_READ, 'E', 0x20 + ev, size)
        const nuint request = (2u << 30) | ((uint)KeyBytes << 16) | ('E' << 8) | (0x20 + EvKey);
        return Sys.Ioctl(fd, request, (nint)keys, out _) == Errno.None && (keys[KeyPower / 8] & (1 << (KeyPower % 8))) != 0;
    }

    private void Read(string name, FileDescriptor fd)
    {
        Span<byte> buffer = stackalloc byte[EventSize * 16];
        var errno = Sys.Read(fd, buffer, out int count);
        if (errno == Errno.EAGAIN) return;
        if (errno != Errno.None || count == 0)
        {
            // ENODEV: it has been unplugged.
            if (_watches.Remove(name, out var watch)) loop.Unwatch(watch);
            fd.Dispose();
            return;
        }
        for (int at = 0; at + EventSize <= count; at += EventSize)
            if (IsPress(buffer.Slice(at, EventSize))) pressed();
    }

    /// <summary>struct input_event: time (16 bytes), type, code, value; value 1 is the press, 0 the release.</summary>
    internal static bool IsPress(ReadOnlySpan<byte> happened) =>
        BitConverter.ToUInt16(happened[16..]) == EvKey && BitConverter.ToUInt16(happened[18..]) == KeyPower
        && BitConverter.ToInt32(happened[20..]) == 1;
}
