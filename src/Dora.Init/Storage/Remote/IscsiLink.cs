using System.Globalization;
using Dora.Core;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// A disk of a target of iSCSI. Unlike a network block device it is never lost for good: after the wait its requests fail,
/// and with a new connection they succeed again.
///
/// The session belongs to the place (its six bytes are made of it): a login for the same place ends an older session that
/// the server still knows, after a power failure for instance. In one machine that would be a quarrel without end, so a disk
/// that is attached already is taken over if nobody uses it, and else not attached again.
/// </summary>
internal sealed class IscsiLink(uint session) : RemoteLink
{
    // enum iscsi_param of scsi/iscsi_if.h; the others are in IscsiLogin's table.
    private const int ExpectedStatus = 14, TargetName = 15, RecoveryTimeout = 19, User = 22, Secret = 24, PingTimeout = 30, PingInterval = 31, Label = 32, Initiator = 34;
    private static readonly string s_deadLink = ((int)RemoteLimits.DeadLink.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(50), s_lookAfterAll = TimeSpan.FromSeconds(15);

    private const string NoIscsi = "this kernel has no iSCSI: ";

    private IscsiKernel? _kernel;

    public override string Patience => "; requests wait for it for " + s_deadLink + " s";

    public override string Loss => "its session has been ended";

    public static RemoteResult Attach(in RemoteStorageName place, byte[] address, TimeSpan deadline)
    {
        var errno = IscsiKernel.Open(out var kernel);
        if (errno != Errno.None) return RemoteResult.Failed(NoIscsi + errno.Describe());
        using (kernel)
        {
            if (Attached(place) is { } attached) return attached;
            if (IscsiSecrets.Find(place.Path, out string? user, out string? secret) is { } unreadable) return RemoteResult.Failed(unreadable);
            string? problem = ServerAddress.Connect(place, address, deadline, out var socket);
            if (problem is not null) return RemoteResult.Failed(problem);
            using (socket)
            {
                errno = kernel!.Create(out uint session, out uint host);
                if (errno != Errno.None) return RemoteResult.Failed("make a session: " + errno.Describe());
                string device = "";
                problem = LogIn(kernel, session, place, socket!, user, secret, deadline) ?? FindDisk(session, host, place, deadline, out device);
                if (problem is null) return new RemoteResult { Device = device, Link = Words(session, host, place) };
                kernel.Destroy(session);
                return RemoteResult.Failed(problem);
            }
        }
    }

    public override string? Open()
    {
        var errno = IscsiKernel.Open(out _kernel);
        return errno == Errno.None ? null : NoIscsi + errno.Describe();
    }

    // What is told is only a reason to look: it may be late, about another session, or lost.
    public override void WaitForDeath()
    {
        while (IscsiKernel.IsUp(session))
        {
            _ = _kernel!.Hear(Sys.TimeSinceBoot() + s_lookAfterAll, out _);
            _ = Sys.Poll([], Sys.TimeSinceBoot() + s_lookAgain);
        }
    }

    public override Errno Reconnect(out string? problem)
    {
        string folder = "/sys/class/iscsi_session/session" + Text(session);
        problem = null;
        if (!Sys.Exists(folder)) return Errno.ENODEV;
        if (IscsiKernel.IsUp(session)) return Errno.None;
        problem = ServerAddress.Find(Place.Server, RemoteLimits.Attempt, out byte[] address);
        if (problem is not null) return Errno.EAGAIN;
        var deadline = Sys.TimeSinceBoot() + RemoteLimits.Attempt;
        problem = ServerAddress.Connect(Place, address, deadline, out var socket);
        if (problem is not null) return Errno.EAGAIN;
        using (socket)
        {
            _kernel!.Stop(session);
            // From the kernel, which was given them: the file may lie on the disk that does not answer.
            string? user = SystemText.Line(folder + "/username"), secret = SystemText.Line(folder + "/password");
            problem = LogIn(_kernel, session, Place, socket!, user is "(null)" or "" ? null : user, secret, deadline);
            if (problem is null) return Errno.None;
            _kernel.Stop(session);
            return Errno.EAGAIN;
        }
    }

    public override void Release()
    {
        if (IscsiKernel.Open(out var kernel) == Errno.None)
            using (kernel) kernel!.Destroy(session);
    }

    /// <summary>What this machine is called: the same at every boot, whatever it boots from.</summary>
    internal static string InitiatorName() => "iqn.2026-11.arpa.home:pandora." + (RemoteFileSystem.MachineName() ?? "nameless").Replace(':', '-').ToLowerInvariant();

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? LogIn(IscsiKernel kernel, uint session, in RemoteStorageName place, FileDescriptor socket, string? user, string? secret, TimeSpan deadline)
    {
        string initiator = InitiatorName();
        var errno = kernel.Bind(session, socket);
        if (errno != Errno.None) return "give the session a connection: " + errno.Describe();
        // Of what was told before nothing counts any more.
        while (kernel.Hear(Sys.TimeSinceBoot(), out _) == Errno.None) { }
        var login = new IscsiLogin(place.Path, initiator, Fingerprint.Of(place.ToString()), user, secret);
        for (byte[]? request = login.First(); request is not null;)
        {
            errno = kernel.Send(session, request);
            ReadOnlySpan<byte> answer = default;
            if (errno == Errno.None) errno = kernel.Receive(session, deadline, out answer);
            if (errno != Errno.None) return NbdServer.Lost(errno);
            request = login.Next(answer);
        }
        if (login.Problem is not null) return login.Problem;
        Errno failure = Errno.None;
        void Set(int parameter, string value)
        {
            if (failure == Errno.None) failure = kernel.Set(session, parameter, value);
        }
        login.Settle(Set);
        Set(ExpectedStatus, Text(login.ExpectedStatus));
        Set(TargetName, place.Path);
        Set(Initiator, initiator);
        Set(Label, place.ToString()); // a text that the kernel keeps for whoever asks
        Set(RecoveryTimeout, s_deadLink);
        // A link without a word for ten seconds is asked, and has five to answer: together RemoteLimits.Request.
        Set(PingInterval, "10");
        Set(PingTimeout, "5");
        if (user is not null)
        {
            Set(User, user);
            Set(Secret, secret!);
        }
        if (failure == Errno.None) failure = kernel.Start(session);
        return failure == Errno.None ? null : "the kernel does not take what the server and we agreed on: " + failure.Describe();
    }

    private static string? FindDisk(uint session, uint host, in RemoteStorageName place, TimeSpan deadline, out string device)
    {
        device = "";
        string lun = Text((uint)place.Lun);
        var errno = UeventSocket.Open(out var events);
        if (errno != Errno.None) return "hear of devices: " + errno.Describe();
        using (events)
        {
            errno = Sys.WriteFile("/sys/class/scsi_host/host" + Text(host) + "/scan", "0 0 " + lun);
            if (errno != Errno.None) return "look for disks: " + errno.Describe();
            string? type = SystemText.Line("/sys/class/scsi_device/" + Text(host) + ":0:0:" + lun + "/device/type");
            if (type != "0") return "the target has no disk with the number " + lun + (type is null ? "" : " (it is something else)") + ": name another, as iscsi:SERVER/TARGET/1";
            // Its partitions are there when the kernel tells of it, and not before.
            var told = new List<Uevent>();
            while (Sys.WaitReadable(events!.Fd, deadline) == Errno.None)
            {
                _ = events.Drain(told);
                foreach (var one in told)
                {
                    if (one.Action != "add" || one.DeviceType != "disk" || !one.DevicePath.Contains("/session" + Text(session) + "/", StringComparison.Ordinal)) continue;
                    device = "/dev/" + one.DeviceNode;
                    return null;
                }
                told.Clear();
            }
            return "the disk with the number " + lun + " does not answer";
        }
    }

    /// <summary>
    /// What an attachment of the same place has left; null: nothing. The name of a target is one in the world: at another
    /// address it is the same target, and its disk in use is not to be used a second time.
    /// </summary>
    private static RemoteResult? Attached(in RemoteStorageName place)
    {
        const string Units = "/sys/class/scsi_device/";
        string end = ":0:0:" + Text((uint)place.Lun);
        foreach (string unit in Sys.ListDirectories(Units))
        {
            if (!unit.EndsWith(end, StringComparison.Ordinal) || Sys.ReadLink(Units + unit, out string link) != Errno.None) continue;
            foreach (string part in link.Split('/'))
            {
                if (!part.StartsWith("session", StringComparison.Ordinal) || SystemText.Line("/sys/class/iscsi_session/" + part + "/targetname") != place.Path) continue;
                foreach (string name in Sys.ListDirectories(Units + unit + "/device/block"))
                {
                    var errno = Sys.Open("/dev/" + name, Libc.O_RDONLY | Libc.O_EXCL, 0, out var disk);
                    if (errno != Errno.None) return RemoteResult.Failed("it is attached already, as " + name + ", and in use");
                    disk.Dispose();
                    if (SystemText.Line("/sys/class/iscsi_session/" + part + "/ifacename") == place.ToString()) return new RemoteResult { Device = "/dev/" + name, Link = [part[7..], "0", place.ToString()] };
                }
            }
        }
        return null;
    }
}
