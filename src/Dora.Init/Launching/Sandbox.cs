using System.Buffers.Binary;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

internal enum PathKind
{
    Missing,
    Folder,
    Other,
}

/// <summary>
/// Compiles the sandbox words of a service into calls in a mount (and network) namespace of its own. They are made as
/// root, before the user is changed, and each has to succeed: a sandbox that cannot be had is a launch that failed.
///
/// The order, of which each line may rely on those above:
/// <code>
/// 1  unshare; what is mounted here is not seen outside (what is mounted outside later is seen here if it is shared)
/// 2  copies are taken of trees that stay as they are: /dev, /proc, /sys, writable-paths, the runtime directory
/// 3  read-only-root: the whole tree at once (mount_setattr, recursive); /dev, /proc and /sys are put back
/// 4  read-only-paths, protect-kernel-tunables: bound onto themselves, then read-only
/// 5  private-devices, private-tmp: a tmpfs each
/// 6  writable-paths are put back, so they win over 3 to 5
/// 7  hidden-paths, which win over all
/// </code>
///
/// A copy (open_tree) and its return (move_mount) instead of "read-only, then writable again": a mount that was
/// read-only before, deep in a writable path, stays so. With <c>root</c> all paths are below it, and chroot comes after.
/// </summary>
internal sealed class Sandbox
{
    private const ulong TmpfsFlags = Libc.MS_NOSUID | Libc.MS_NODEV;

    private static readonly string[] s_kernelFolders = ["/dev", "/proc", "/sys"];
    private static readonly string[] s_keptDevices = ["pts", "shm", "log"];

    // proc(5): what in /proc sets something. /sys is one tree.
    private static readonly string[] s_tunables =
    [
        "/proc/sys", "/proc/sysrq-trigger", "/proc/acpi", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/latency_stats", "/proc/mtrr", "/proc/scsi", "/sys",
    ];

    // devices.txt of the kernel
    private static readonly (string Name, int Device)[] s_devices =
        [("null", 1 << 8 | 3), ("zero", 1 << 8 | 5), ("full", 1 << 8 | 7), ("random", 1 << 8 | 8), ("urandom", 1 << 8 | 9), ("tty", 5 << 8 | 0)];

    private static readonly (string Name, string Target)[] s_links =
        [("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")];

    private readonly LaunchPlanBuilder _builder;
    private readonly ServiceSettings _service;
    private readonly ProcessSettings _settings;
    private readonly Func<string, PathKind> _kindOf;
    private readonly string _root;

    private Sandbox(LaunchPlanBuilder builder, ServiceSettings service, Func<string, PathKind> kindOf)
    {
        (_builder, _service, _settings, _kindOf) = (builder, service, service.Process, kindOf);
        _root = _settings.Root ?? "";
    }

    public static void Apply(LaunchPlanBuilder builder, ServiceSettings service) => Apply(builder, service, KindOf);

    /// <param name="builder">Where the steps go.</param>
    /// <param name="service">Its settings.</param>
    /// <param name="kindOf">What is there under a path.</param>
    internal static void Apply(LaunchPlanBuilder builder, ServiceSettings service, Func<string, PathKind> kindOf)
    {
        var sandbox = new Sandbox(builder, service, kindOf);
        if (service.Process.PrivateNetwork) sandbox.Network();
        if (sandbox.HasMounts) sandbox.Mounts();
    }

    private bool HasMounts => _settings.PrivateTmp || _settings.ReadOnlyRoot || _settings.PrivateDevices || _settings.ProtectKernelTunables
        || _settings.HiddenPaths.Count > 0 || _settings.ReadOnlyPaths.Count > 0;

    private void Network()
    {
        _builder.Step("unshare network", SystemCall.unshare, Libc.CLONE_NEWNET);
        int socket = _builder.StepThatOpens("open a socket for private-network", SystemCall.socket, Libc.AF_INET, Libc.SOCK_DGRAM | Libc.SOCK_CLOEXEC, 0);
        var request = new byte[40]; // struct ifreq: the name, and the flags behind its 16 bytes
        "lo"u8.CopyTo(request);
        BinaryPrimitives.WriteInt16LittleEndian(request.AsSpan(16), (short)Libc.IFF_UP);
        _builder.StepWith(socket, "bring up lo", SystemCall.ioctl, Libc.SIOCSIFFLAGS, request);
    }

    private void Mounts()
    {
        _builder.Step("unshare mounts", SystemCall.unshare, Libc.CLONE_NEWNS);
        Mount("keep mounts to itself", null, "/", null, Libc.MS_REC | Libc.MS_SLAVE);

        var kernel = new List<(string, int)>();
        if (_settings.ReadOnlyRoot)
            foreach (string folder in s_kernelFolders)
                if (!(folder == "/dev" && _settings.PrivateDevices) && _kindOf(_root + folder) is PathKind.Folder) Keep(folder, kernel);
        var devices = new List<(string, int)>();
        if (_settings.PrivateDevices)
            foreach (string device in s_keptDevices)
                if (_kindOf($"{_root}/dev/{device}") is not PathKind.Missing) Keep("/dev/" + device, devices);
        var writable = new List<(string, int)>();
        foreach (string path in WritablePaths()) Keep(path, writable);

        if (_settings.ReadOnlyRoot)
        {
            if (_root.Length > 0) BindToItself("");
            MakeReadOnly("");
            PutBack(kernel);
        }
        foreach (string path in Present(_settings.ReadOnlyPaths)) ReadOnly(path);
        if (_settings.ProtectKernelTunables)
            foreach (string path in s_tunables)
                if (_kindOf(_root + path) is not PathKind.Missing) ReadOnly(path);
        if (_settings.PrivateDevices) Devices(devices);
        if (_settings.PrivateTmp)
        {
            Tmpfs("/tmp", TmpfsFlags, "mode=1777");
            if (_kindOf(_root + "/var/tmp") is not PathKind.Missing) Tmpfs("/var/tmp", TmpfsFlags, "mode=1777");
        }
        PutBack(writable);
        foreach (string path in Present(_settings.HiddenPaths)) Hide(path);
    }

    private List<string> WritablePaths()
    {
        var paths = Present(_settings.WritablePaths);
        if (_settings.ReadOnlyRoot && _service.RuntimeDirectory is { } runtime) paths.Add("/run/" + runtime);
        if (_settings is { Delegate: true, ProtectKernelTunables: true } && _root.Length == 0) paths.Add("/sys/fs/cgroup");
        return paths;
    }

    /// <summary>Without those that may be missing and are; another that is missing fails its step, by name.</summary>
    private List<string> Present(IReadOnlyList<OptionalPath> paths)
    {
        var present = new List<string>();
        foreach (var path in paths)
            if (!path.MayBeMissing || _kindOf(_root + path.Path) is not PathKind.Missing) present.Add(path.Path);
        return present;
    }

    private void Keep(string path, List<(string, int)> kept)
    {
        const int Flags = Libc.OPEN_TREE_CLONE | Libc.OPEN_TREE_CLOEXEC | Libc.AT_RECURSIVE;
        kept.Add((path, _builder.StepThatOpens($"keep {path}", SystemCall.open_tree, Libc.AT_FDCWD, _root + path, Flags)));
    }

    private void PutBack(List<(string Path, int Slot)> kept)
    {
        foreach (var (path, slot) in kept)
            _builder.StepWith(slot, $"put back {path}", SystemCall.move_mount, "", Libc.AT_FDCWD, _root + path, Libc.MOVE_MOUNT_F_EMPTY_PATH);
    }

    private void ReadOnly(string path)
    {
        BindToItself(path);
        MakeReadOnly(path);
    }

    private void BindToItself(string path) => Mount($"bind {Shown(path)}", _root + path, path, null, Libc.MS_BIND | Libc.MS_REC);

    private void MakeReadOnly(string path)
    {
        var attributes = new byte[32]; // struct mount_attr: attr_set first
        attributes[0] = Libc.MOUNT_ATTR_RDONLY;
        _builder.Step($"make {Shown(path)} read-only", SystemCall.mount_setattr, Libc.AT_FDCWD, _root + Shown(path), Libc.AT_RECURSIVE, attributes, attributes.Length);
    }

    private void Devices(List<(string Path, int Slot)> kept)
    {
        _builder.Umask(0); // the service's own comes later
        Tmpfs("/dev", Libc.MS_NOSUID | Libc.MS_NOEXEC, "mode=755,size=64k");
        foreach (var (name, device) in s_devices)
            _builder.Step($"make /dev/{name}", SystemCall.mknod, $"{_root}/dev/{name}", (int)Libc.S_IFCHR | 0x1B6 /* 0666 */, device);
        foreach (var (name, target) in s_links)
            _builder.Step($"make /dev/{name}", SystemCall.symlink, target, $"{_root}/dev/{name}");
        foreach (var (path, _) in kept)
        {
            if (_kindOf(_root + path) is PathKind.Folder) _builder.Step($"make {path}", SystemCall.mkdir, _root + path, 0x1ED);
            else _builder.Step($"make {path}", SystemCall.mknod, _root + path, (int)Libc.S_IFREG | 0x1B6, 0);
        }
        PutBack(kept);
    }

    private void Hide(string path)
    {
        if (_kindOf(_root + path) is PathKind.Other) Mount($"hide {path}", "/dev/null", path, null, Libc.MS_BIND);
        else Mount($"hide {path}", "tmpfs", path, "tmpfs", TmpfsFlags | Libc.MS_NOEXEC | Libc.MS_RDONLY, "mode=000,size=4k,nr_inodes=2");
    }

    private void Tmpfs(string path, ulong flags, string options) => Mount($"mount tmpfs on {path}", "tmpfs", path, "tmpfs", flags, options);

    private void Mount(string label, string? source, string path, string? type, ulong flags, string? options = null) =>
        _builder.Step(label, SystemCall.mount, Text(source), source is null ? path : _root + path, Text(type), (long)flags, Text(options));

    private static LaunchArgument Text(string? text) => text is null ? 0 : text;

    private static string Shown(string path) => path.Length == 0 ? "/" : path;

    private static PathKind KindOf(string path) =>
        Sys.Stat(path, out var status) != Errno.None ? PathKind.Missing
        : (status.st_mode & Libc.S_IFMT) == Libc.S_IFDIR ? PathKind.Folder
        : PathKind.Other;
}
