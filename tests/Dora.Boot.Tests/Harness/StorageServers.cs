using System.Diagnostics;

namespace Dora.Boot.Tests.Harness;

/// <summary>
/// A server of storage on this host's loopback, which a machine with <see cref="MachineOptions.ReachesHost"/> finds at
/// 10.0.2.2. It has a folder and a port of its own; Kill ends it as a power cut would, Start brings it back with the same
/// content. Dispose leaves neither process nor file.
/// </summary>
public abstract class StorageServer : IDisposable
{
    protected StorageServer() => Log = Path.Combine(Folder, "server.log");

    public string Folder { get; } = Directory.CreateTempSubdirectory("pandora-server-").FullName;

    public int Port { get; } = Sockets.FreePort();

    protected string Log { get; }

    protected Process? Running { get; private set; }

    public abstract void Start();

    public virtual void Kill()
    {
        if (Running is null) return;
        Running.Kill(entireProcessTree: true);
        Running.WaitForExit(TimeSpan.FromSeconds(10));
        Running.Dispose();
        Running = null;
    }

    public void Dispose()
    {
        Kill();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected void Run(string program, params IEnumerable<string> arguments)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        // Nobody reads along: a full pipe would stop it.
        _ = process.StandardOutput.ReadToEndAsync();
        _ = process.StandardError.ReadToEndAsync();
        Running = process;
    }

    protected void WaitFor(Func<bool> isThere, string what)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(20);
        while (!isThere())
        {
            if (Running is { HasExited: true } || DateTime.UtcNow > end)
                throw new InvalidOperationException($"{GetType().Name}: no {what}\n{(File.Exists(Log) ? File.ReadAllText(Log) : "")}");
            Thread.Sleep(50);
        }
    }

    protected bool Listens()
    {
        // proc(5): number, local address, remote address, state; 0A is LISTEN. Some open a socket of IPv6 for both families.
        string port = $":{Port:X4}";
        foreach (string table in (string[])["/proc/net/tcp", "/proc/net/tcp6"])
            foreach (string line in File.ReadLines(table))
                if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, "0A", ..] && local.EndsWith(port, StringComparison.Ordinal)) return true;
        return false;
    }
}

/// <summary>nbd-server with one export, `disk`: a file that is empty at first.</summary>
public sealed class NbdDisk : StorageServer
{
    readonly string _pidFile;

    public NbdDisk(long bytes = 300 << 20)
    {
        _pidFile = Path.Combine(Folder, "pid");
        Image = Path.Combine(Folder, "disk.img");
        using var image = File.Create(Image);
        image.SetLength(bytes);
    }

    public string Image { get; }

    public string Place => $"nbd:10.0.2.2:{Port}/disk";

    public override void Start()
    {
        string configuration = Path.Combine(Folder, "nbd.conf");
        File.WriteAllText(configuration, $"[generic]\nport = {Port}\nlistenaddr = 127.0.0.1\n[disk]\nexportname = {Image}\nflush = true\nfua = true\ntrim = true\n");
        File.Delete(_pidFile);
        // It becomes a daemon, with a process for each connection, all in one session.
        Programs.Run(TimeSpan.FromSeconds(20), "nbd-server", "-C", configuration, "-p", _pidFile).Expect();
        WaitFor(Listens, $"port {Port}");
    }

    public override void Kill()
    {
        if (!File.Exists(_pidFile)) return;
        string session = File.ReadAllText(_pidFile).Trim();
        for (int left = 50; ; left--)
        {
            var members = Directory.EnumerateDirectories("/proc").Where(process => IsOf(process, session)).ToList();
            if (members.Count == 0) break;
            if (left == 0) throw new InvalidOperationException($"nbd-server: left behind: {string.Join(", ", members)}");
            foreach (string member in members) Programs.Run(TimeSpan.FromSeconds(5), "kill", "-9", Path.GetFileName(member));
            Thread.Sleep(100);
        }
        File.Delete(_pidFile);
    }

    static bool IsOf(string process, string session)
    {
        try
        {
            // proc(5): state, parent, group, session behind the name.
            string stat = File.ReadAllText(Path.Combine(process, "stat"));
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[3] == session && fields[0] != "Z";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

/// <summary>tgtd with one target, whose LUN 1 is a file that is empty at first.</summary>
public sealed class IscsiTarget : StorageServer
{
    public const string Target = "iqn.2026-11.org.example:pandora-test";

    public IscsiTarget(long bytes = 300 << 20)
    {
        Image = Path.Combine(Folder, "disk.img");
        using var image = File.Create(Image);
        image.SetLength(bytes);
    }

    public string Image { get; }

    public string Place => $"iscsi:10.0.2.2:{Port}/{Target}/1";

    /// <summary>Who has to log in, with which secret; null: anybody may.</summary>
    public (string User, string Secret)? Account { get; init; }

    public override void Start()
    {
        Run("env", $"TGT_IPC_SOCKET={Folder}/control", "tgtd", "-f", "-C", "1", "--iscsi", $"portal=127.0.0.1:{Port}");
        WaitFor(() => Listens() && Control("--op", "show", "--mode", "target").ExitCode == 0, $"port {Port}");
        Control("--op", "new", "--mode", "target", "--tid", "1", "-T", Target).Expect();
        Control("--op", "new", "--mode", "logicalunit", "--tid", "1", "--lun", "1", "-b", Image).Expect();
        if (Account is var (user, secret))
        {
            Control("--op", "new", "--mode", "account", "--user", user, "--password", secret).Expect();
            Control("--op", "bind", "--mode", "account", "--tid", "1", "--user", user).Expect();
        }
        Control("--op", "bind", "--mode", "target", "--tid", "1", "-I", "ALL").Expect();
    }

    /// <summary>Sessions that the server has at the moment: what its list says of them.</summary>
    public string Sessions() => Control("--op", "show", "--mode", "conn", "--tid", "1").Expect();

    Outcome Control(params string[] arguments) =>
        Programs.Run(TimeSpan.FromSeconds(10), "env", [$"TGT_IPC_SOCKET={Folder}/control", "tgtadm", "-C", "1", "--lld", "iscsi", .. arguments]);
}

/// <summary>nfs-ganesha, NFS 4 only, with one export: /export is <see cref="Files"/>.</summary>
public sealed class NfsExport : StorageServer
{
    public NfsExport()
    {
        Directory.CreateDirectory(Files);
        Directory.CreateDirectory(Path.Combine(Folder, "recovery"));
    }

    public string Files => Path.Combine(Folder, "files");

    public string Place => $"nfs:10.0.2.2:{Port}:/export";

    public override void Start()
    {
        string configuration = Path.Combine(Folder, "ganesha.conf");
        File.WriteAllText(configuration, $$"""
            NFS_CORE_PARAM { Protocols = 4; NFS_Port = {{Port}}; Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; Enable_UDP = false; }
            NFSV4 { Graceless = true; Minor_Versions = 0, 1, 2; Only_Numeric_Owners = true; Allow_Numeric_Owners = true; RecoveryBackend = fs; RecoveryRoot = {{Folder}}/recovery; }
            EXPORT { Export_Id = 1; Path = {{Files}}; Pseudo = /export; Protocols = 4; Access_Type = RW; Squash = No_Root_Squash; Transports = TCP; SecType = sys; FSAL { Name = VFS; } }
            LOG { Default_Log_Level = WARN; }
            """);
        Run("ganesha.nfsd", "-F", "-f", configuration, "-L", Log, "-p", Path.Combine(Folder, "pid"));
        WaitFor(Listens, $"port {Port}");
    }
}

/// <summary>virtiofsd for one machine: its own arguments for QEMU come with it.</summary>
public sealed class VirtioFsDaemon : StorageServer
{
    public VirtioFsDaemon() => Directory.CreateDirectory(Files);

    public string Files => Path.Combine(Folder, "files");

    public string Place => "virtiofs:data";

    string Socket => Path.Combine(Folder, "socket");

    public IReadOnlyList<string> Qemu(int memoryMb) =>
    [
        "-chardev", $"socket,id=virtiofs,path={Socket}", "-device", "vhost-user-fs-pci,chardev=virtiofs,tag=data",
        "-object", $"memory-backend-memfd,id=shared,size={memoryMb}M,share=on", "-numa", "node,memdev=shared",
    ];

    public override void Start()
    {
        File.Delete(Socket); // the last one leaves it behind
        Run("/usr/lib/qemu/virtiofsd", $"--socket-path={Socket}", "-o", $"source={Files}", "-o", "cache=auto");
        WaitFor(() => File.Exists(Socket), "socket");
    }
}
