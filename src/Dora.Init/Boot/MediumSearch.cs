using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;

namespace Dora.Init.Boot;

/// <summary>
/// Looks for the file system that pandora.root names on every block device, until it is there or the time is up.
///
/// Devices appear late (USB takes seconds), so the search sleeps on the kernel's uevents and looks again at what has
/// come or changed; it never sleeps for a fixed time. What was seen of each device is remembered: when the search ends
/// without success, that list is the message. A device that has the right name but not the root image is passed over
/// with that reason, for there may be a second one that is whole.
/// </summary>
internal sealed class MediumSearch(BootState state)
{
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(3);

    /// <summary>How often the kernel looks whether a drive has got a medium; 0, the default, is never.</summary>
    private const string PollParameter = "/sys/module/block/parameters/events_dfl_poll_msecs";

    private readonly BootMediumName _wanted = state.CommandLine.Root;
    private readonly SortedDictionary<string, string> _seen = new(StringComparer.Ordinal); // device -> what it is
    private readonly byte[] _buffer = new byte[FileSystemProbe.BytesNeeded];
    private readonly List<Uevent> _events = [];

    /// <summary>Gives a description of the medium; throws when there is none.</summary>
    public string Run()
    {
        var start = Sys.TimeSinceBoot();
        var deadline = start + state.CommandLine.RootTimeout;
        var announce = start + s_silence;
        Sys.MakeDirectories(BootPaths.Medium, 0x1ED).ThrowIfError("make folder", BootPaths.Medium);

        if (LookAtNewDevices() is { } atOnce) return atOnce;
        _ = Sys.WriteFile(PollParameter, "1000");
        while (true)
        {
            if (LookAtNewDevices() is { } found)
            {
                _ = Sys.WriteFile(PollParameter, "0");
                return found;
            }
            if (Sys.TimeSinceBoot() >= deadline) throw Failure();
            WaitForDevices(announce < deadline ? announce : deadline);
            if (announce < deadline && Sys.TimeSinceBoot() >= announce)
            {
                Log.Warn($"boot: waiting for the boot medium {_wanted} for up to {state.CommandLine.RootTimeout.TotalSeconds} s (pandora.root_timeout); "
                    + (_seen.Count == 0 ? "no disk or CD seen so far" : $"seen so far: {string.Join("; ", Seen())}"));
                announce = deadline;
            }
        }
    }

    private string? LookAtNewDevices()
    {
        foreach (string name in BlockDevices.List())
        {
            if (_seen.ContainsKey(name)) continue;
            string what = LookAt(name, out bool isFound);
            if (isFound) return what;
            _seen[name] = what;
            Log.Debug($"boot: /dev/{name}: {what}");
        }
        return null;
    }

    private string LookAt(string name, out bool isFound)
    {
        isFound = false;
        if (BlockDevices.Probe(name, _buffer, out string reason) is not { } probe) return reason;
        if (!IsWanted(name, probe)) return probe.Describe();
        if (probe.Type.Length == 0) return probe.Describe();

        if (MountMedium(name, probe.Type) is { } failure) return $"{probe.Describe()}, but {failure}";
        string[] paths = state.CommandLine.RootImage is { } asked ? [asked] : RootImage.UsualPaths;
        var image = IsOfBuild(out reason) ? FindImage(paths, out reason) : null;
        if (image is null)
        {
            _ = Sys.Unmount(BootPaths.Medium);
            Log.Warn($"boot: /dev/{name} is {_wanted}, but {reason}; looking on");
            return $"{probe.Describe()}, but {reason}";
        }
        isFound = true;
        state.Image = image;
        state.Layers = RootLayers.Find(BootPaths.Medium, state.CommandLine.Layers);
        return $"/dev/{name} ({probe.Describe()}), {image.Path[BootPaths.Medium.Length..]}";
    }

    private bool IsWanted(string name, FileSystemProbe probe) => _wanted.Kind switch
    {
        BootMediumNameKind.Label => probe.Label == _wanted.Value,
        BootMediumNameKind.Uuid => probe.Uuid.Length > 0 && probe.Uuid.Equals(_wanted.Value, StringComparison.OrdinalIgnoreCase),
        BootMediumNameKind.Device => name == _wanted.Value,
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>Null, or why it could not be mounted.</summary>
    private string? MountMedium(string name, string type)
    {
        // The kernel would ask a modprobe for the file system, and there is none.
        string module = type == "iso9660" ? "isofs" : type;
        bool isThere = state.Modules.Load(module, $"the file system on /dev/{name}");
        if (type == "vfat") state.Modules.LoadSoftly([.. ModuleName.ForVfat]);
        ulong flags = Libc.MS_RDONLY | Libc.MS_NOSUID | Libc.MS_NODEV | Libc.MS_NOEXEC;
        // noload: a read-only mount of ext4 would otherwise write the journal back to the medium.
        var errno = Sys.Mount($"/dev/{name}", BootPaths.Medium, type, flags, type == "ext4" ? "noload" : null);
        if (errno == Errno.None) return null;
        return errno == Errno.ENODEV && !isThere
            ? $"the module {module} that reads {type} is not in the initramfs"
            : $"it cannot be mounted: {errno.Describe()}";
    }

    /// <summary>
    /// Two media may have the same label: the machine's own stick, and another version of Pandora in the CD drive. So the line that the
    /// boot loader of a medium hands over names the build that lies beside it.
    /// </summary>
    private bool IsOfBuild(out string reason)
    {
        reason = "";
        if (state.CommandLine.Build is not { } wanted) return true;
        string? build = Sys.ReadText(BootPaths.Medium + RootImage.BuildPath)?.Trim();
        if (build == wanted) return true;
        reason = build is null ? $"there is no {RootImage.BuildPath} on it, and build {wanted} is wanted (pandora.build)"
            : $"it is of build {Printable.Text(build)}, and {wanted} is wanted (pandora.build)";
        return false;
    }

    private static RootImage? FindImage(string[] paths, out string reason)
    {
        reason = "";
        foreach (string path in paths)
        {
            if (!Sys.Exists(BootPaths.Medium + path)) continue;
            if (RootImage.Check(BootPaths.Medium + path, out string why) is { } image) return image;
            reason = $"{path} on it is {why}";
        }
        if (reason.Length == 0) reason = $"there is no {string.Join(" and no ", paths)} on it";
        return null;
    }

    /// <summary>Sleeps until a device has come or changed, and loads its driver.</summary>
    private void WaitForDevices(TimeSpan until)
    {
        if (state.Uevents is null)
        {
            // A kernel without netlink: all that is left is to look again when the time is up.
            if (Sys.Timer(out var timer) != Errno.None) return;
            using (timer) _ = Sys.WaitReadable(timer, until);
            _seen.Clear();
            return;
        }
        if (Sys.WaitReadable(state.Uevents.Fd, until) != Errno.None) return;

        _events.Clear();
        if (!state.Uevents.Drain(_events))
        {
            // Events were lost: everything is looked at again.
            _seen.Clear();
            ColdPlug.Run(state.Modules);
            return;
        }
        var modaliases = new List<byte[]>();
        foreach (var uevent in _events)
        {
            if (uevent.Modalias.Length > 0 && uevent.Action is "add" or "change") modaliases.Add(Encoding.Latin1.GetBytes(uevent.Modalias));
            // Gone, come again, or with another medium in it: what was seen of it no longer holds.
            if (uevent.Subsystem == "block") _seen.Remove(uevent.Name);
        }
        state.Modules.LoadForDevices(modaliases);
    }

    private BootFailure Failure()
    {
        var lines = new List<string>
        {
            $"boot: no boot medium: {_wanted} was looked for on every disk and CD for {state.CommandLine.RootTimeout.TotalSeconds} s (pandora.root, pandora.root_timeout)",
        };
        foreach (string line in Seen()) lines.Add($"boot:   {line}");
        if (_seen.Count == 0)
            lines.Add("boot:   no disk and no CD was seen at all: is the medium plugged in, and is the driver of its controller in the initramfs?");
        return new BootFailure(lines);
    }

    private List<string> Seen()
    {
        var lines = new List<string>();
        foreach (var (name, what) in _seen) lines.Add($"/dev/{name}: {what}");
        return lines;
    }
}
