using Dora.Core.Linux;

namespace Dora.Ctl.Remote;

/// <summary>
/// The API's socket of another machine, by ssh: `ssh -N -L LOCAL:REMOTE HOST`, so the other side needs nothing but sshd, and there
/// who may do what follows from the user that ssh logs in as.
///
/// ssh is ready when it listens on LOCAL: that LOCAL is there is seen by inotify on the folder, which is ours alone (0700, or any local user
/// could use the connection), and listen(2) follows bind(2) in a moment. It may take as long as the person needs for a password; if ssh ends first it has said why. ssh must neither
/// outlive us nor go before us: the process that becomes ssh (<see cref="Become"/>) asks the kernel to be ended with its parent,
/// and ignores what the terminal's keys send, since Ctrl-C is for the command, which may still have something to say over it.
/// </summary>
internal sealed class SshTunnel : IDisposable
{
    /// <summary>First argument of the process that becomes ssh; not a command for people.</summary>
    public const string Verb = "__ssh";

    /// <summary>__SO_ACCEPTCON.</summary>
    private const string Accepts = "00010000";

    private static readonly TimeSpan s_beforeNextLook = TimeSpan.FromMilliseconds(10);

    private readonly string _folder;
    private readonly int _pid;

    private SshTunnel(string folder, int pid)
    {
        _folder = folder;
        _pid = pid;
    }

    public string SocketPath => PathIn(_folder);

    /// <param name="host">What ssh takes: <c>user@machine</c>, an alias of ssh_config(5), <c>ssh://user@machine:2222</c>.</param>
    /// <param name="remoteSocket">Path of the socket there.</param>
    public static SshTunnel Open(string host, string remoteSocket)
    {
        if (host.StartsWith('-')) throw new CommandFailure(ExitCodes.Usage, $"--host {host}: the name of a machine is expected");
        string folder = Directory.CreateTempSubdirectory("dora-").FullName; // mkdtemp(3): 0700
        try
        {
            Sys.OpenInotify(out var created).ThrowIfError("inotify_init1");
            using (created)
            {
                Sys.AddWatch(created, folder, Libc.IN_CREATE, out _).ThrowIfError("watch", folder);
                var tunnel = new SshTunnel(folder, Start(host, remoteSocket, PathIn(folder)));
                tunnel.WaitUntilReady(host, created);
                return tunnel;
            }
        }
        catch
        {
            Remove(folder);
            throw;
        }
    }

    /// <summary>What the started process does: arguments are our parent's pid and the command line of ssh.</summary>
    public static int Become(string[] arguments)
    {
        Sys.EndWithParent(Libc.SIGTERM);
        if (arguments.Length < 2 || arguments[0] != Sys.ParentId.ToString()) return ExitCodes.Failed; // it has ended already
        Sys.Ignore(Libc.SIGINT);
        Sys.Ignore(Libc.SIGQUIT);
        string[] environment = ProcessEnvironment.Words();
        var errno = Errno.ENOENT;
        foreach (string folder in (Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':', StringSplitOptions.RemoveEmptyEntries))
            if (Sys.Execute($"{folder}/{arguments[1]}", arguments[1..], environment) is var failed and not (Errno.ENOENT or Errno.ENOTDIR)) errno = failed;
        return errno == Errno.ENOENT ? ExitCodes.NotFound : ExitCodes.NotExecutable;
    }

    private static int Start(string host, string remoteSocket, string localSocket)
    {
        // -n: what is on our stdin is for the command. The password, if there is one, is asked for on the terminal itself.
        string[] words =
        [
            "dora", Verb, Sys.ProcessId.ToString(), "ssh", "-n", "-N", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none",
            "-o", "StreamLocalBindMask=0177", "-o", "ServerAliveInterval=15", "-L", $"{localSocket}:{remoteSocket}", "--", host,
        ];
        Sys.Spawn("/proc/self/exe", words, ProcessEnvironment.Words(), out int pid).ThrowIfError("start", "ssh");
        return pid;
    }

    private void WaitUntilReady(string host, FileDescriptor created)
    {
        Sys.OpenProcess(_pid, out var process).ThrowIfError("pidfd_open", "ssh");
        using (process)
        {
            Span<Libc.pollfd> fds = [new() { fd = created.Number, events = (short)Libc.EPOLLIN }, new() { fd = process.Number, events = (short)Libc.EPOLLIN }];
            while (!IsListening())
            {
                // Nothing tells of listen(2).
                bool isBound = File.Exists(SocketPath);
                var errno = isBound ? Sys.Poll(fds[1..], Sys.TimeSinceBoot() + s_beforeNextLook) : Sys.Poll(fds, null);
                if (errno is not (Errno.None or Errno.EINTR)) throw new LinuxException(errno, "poll", "ssh");
                if (fds[1].revents == 0) continue;
                int code = Sys.WaitFor(_pid);
                throw new CommandFailure(ExitCodes.NotReachable, code == ExitCodes.NotFound
                    ? "ssh: no such program in PATH: --host needs OpenSSH's client"
                    : $"{host}: ssh could not connect to it (its exit code was {code}); 'ssh {host}' may tell more");
            }
        }
    }

    /// <summary>As proc(5) has it: to connect would be a connection over there too, and a second complaint of ssh where it is refused.</summary>
    private bool IsListening() => File.Exists(SocketPath) && (Sys.ReadText("/proc/net/unix") is not { } sockets || IsListening(sockets, SocketPath));

    /// <param name="sockets">/proc/net/unix; flags are the fourth column, the path is the last.</param>
    /// <param name="path">Of a socket that is there: one that is not in the list is not looked at any further.</param>
    internal static bool IsListening(string sockets, string path)
    {
        foreach (string line in sockets.Split('\n'))
            if (line.EndsWith(" " + path, StringComparison.Ordinal)) return line.Split(' ', 5)[3] == Accepts;
        return true;
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // Somebody has cleaned up /tmp: what was asked for is done all the same.
        }
    }

    private static string PathIn(string folder) => folder + "/dora.sock";

    public void Dispose()
    {
        _ = Sys.Kill(_pid, Libc.SIGTERM);
        _ = Sys.WaitFor(_pid);
        Remove(_folder);
    }
}
