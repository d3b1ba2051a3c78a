using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>
/// The hardware watchdog: a timer outside of the processor's reach that resets the machine unless it is fed. It is armed
/// before anything else happens here, and fed only when the manager has answered a ping, so it covers the kernel, this
/// process and the manager. Without a device nothing is ever done: no wake-ups.
///
/// Three times within its time a ping is sent; a manager that has not answered for a third of it is killed, and the next
/// one answers. In rescue, where no manager is, the guard feeds by itself: somebody is at work there. At an orderly end
/// the device is told so by the magic character (Documentation/watchdog/watchdog-api.rst); a reboot leaves it running,
/// for the case that the kernel hangs in it, and the reset stops it.
/// </summary>
internal sealed class Watchdog
{
    private const string Device = "/dev/watchdog", Key = "pandora.watchdog";
    private const int DefaultSeconds = 60, LeastSeconds = 3, MostSeconds = 3600;
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(1);

    private FileDescriptor? _device;
    private TimeSpan _third;
    private TimeSpan _fedAt;
    private TimeSpan? _nextPing, _answerDeadline;

    /// <summary>When <see cref="Meet"/> has something to do; null without a device.</summary>
    public TimeSpan? NextDeadline => _answerDeadline ?? _nextPing;

    /// <summary>What the device was set to.</summary>
    public int Seconds { get; private set; }

    /// <summary>The descriptor, to be handed over at an exec; null without a device.</summary>
    public FileDescriptor? Handle => _device;

    /// <summary>Seconds that the kernel command line asks for; null for <c>off</c>.</summary>
    internal static int? Wanted(string commandLine, out string? problem)
    {
        problem = null;
        int? seconds = DefaultSeconds;
        foreach (var parameter in KernelParameter.Split(commandLine))
        {
            if (!parameter.IsNamed(Key)) continue;
            if (parameter.Value is "off" or "0" or "no") seconds = null;
            else if (int.TryParse(parameter.Value, System.Globalization.NumberStyles.None, null, out int number) && number is >= LeastSeconds and <= MostSeconds)
                seconds = number;
            else problem = $"{Key}={Printable.Text(parameter.Value ?? "")}: must be off or seconds from {LeastSeconds} to {MostSeconds}; using {DefaultSeconds}";
        }
        return seconds;
    }

    /// <summary>Opens the device if there is one and it is not open yet: from here on the machine resets when nobody feeds it.</summary>
    public void Arm()
    {
        if (_device is not null || !Sys.Exists(Device)) return;
        var wanted = Wanted(Sys.ReadText("/proc/cmdline") ?? "", out string? problem);
        if (problem is not null) Log.Warn($"guard: {problem}");
        if (wanted is not { } seconds)
        {
            Log.Info($"guard: watchdog: {Device} is there and {Key}=off");
            return;
        }
        // O_NONBLOCK means nothing to the device, and keeps a pipe in its place (a test) from being waited for.
        var errno = Sys.Open(Device, Libc.O_WRONLY | Libc.O_NONBLOCK, 0, out var device);
        if (errno != Errno.None)
        {
            Log.Warn($"guard: watchdog: open {Device}: {errno.Describe()}: it is not used");
            return;
        }
        // A device with a fixed time refuses to set it and tells its own.
        _ = Sys.SetWatchdogTimeout(device, seconds, out int taken);
        Use(device, taken);
        Log.Info($"guard: watchdog: {Device} resets the machine when init is silent for {taken} s");
    }

    /// <summary>Takes over the device, or an armed one from the guard before this one.</summary>
    public void Use(FileDescriptor device, int seconds)
    {
        Seconds = Math.Max(seconds, 1);
        _device = device;
        _third = TimeSpan.FromSeconds(Seconds) / 3;
        _nextPing = Sys.TimeSinceBoot();
        Feed();
    }

    /// <summary>Sends the ping that is due; false when the manager owes the answer to one for too long.</summary>
    public bool Meet(TimeSpan now, ManagerLink manager, bool isRescue)
    {
        if (_answerDeadline is { } late && now >= late)
        {
            Lost();
            return false;
        }
        if (_nextPing is not { } due || now < due) return true;
        if (isRescue)
        {
            Feed();
            _nextPing = now + _third;
        }
        else if (manager.Send(new GuardRecord { Kind = GuardMessage.Ping }))
        {
            _nextPing = null;
            _answerDeadline = now + _third;
        }
        else _nextPing = now + s_retry; // no manager at the moment, and so no food
        return true;
    }

    /// <summary>The manager has answered.</summary>
    public void Answered()
    {
        if (_answerDeadline is null) return;
        Feed();
        _answerDeadline = null;
        _nextPing = Sys.TimeSinceBoot() + _third;
    }

    /// <summary>The manager that was asked is gone: the next one is asked.</summary>
    public void Lost()
    {
        if (_device is null) return;
        _answerDeadline = null;
        _nextPing = Sys.TimeSinceBoot() + s_retry;
    }

    /// <summary>While the machine ends: fed as long as the step in hand is within its limit.</summary>
    public void FeedWhileEnding()
    {
        if (_device is not null && Sys.TimeSinceBoot() - _fedAt >= _third) Feed();
    }

    /// <summary>All steps of the end are done.</summary>
    public void Finish(MachineEnd end)
    {
        if (_device is null) return;
        Feed();
        if (end != MachineEnd.Reboot) Disarm(_device);
        _device = null;
    }

    private void Feed()
    {
        _fedAt = Sys.TimeSinceBoot();
        var errno = Sys.Write(_device!, "\0"u8, out _);
        if (errno is not (Errno.None or Errno.EAGAIN)) Log.Warn($"guard: watchdog: {errno.Describe()}");
    }

    private static void Disarm(FileDescriptor device)
    {
        _ = Sys.Write(device, "V"u8, out _);
        device.Dispose();
    }
}
