using System.Diagnostics;

namespace Dora.Namespace.Tests.Harness;

/// <summary>
/// The published init as PID 1 of fresh namespaces on this host: up in a fraction of a second. It gets a cgroup (v2) of
/// its own, a root of its own (enter.sh) and the service files that the test gives. Seen from here:
/// <see cref="Pid"/> is PID 1's pid on the host, /proc/PID/root its file system, <see cref="KernelLog"/> what it and the
/// manager would say on /dev/kmsg. reboot(2) in a pid namespace ends PID 1 with a signal: SIGINT for power-off and halt,
/// SIGHUP for reboot (pid_namespaces(7)).
///
/// Dispose ends it and checks that no process, cgroup, mount or file is left.
/// </summary>
public sealed partial class InitInNamespace : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);
    static readonly string s_cgroups = FindCgroups();
    static readonly HashSet<InitInNamespace> s_running = [];

    readonly string _folder = Directory.CreateTempSubdirectory("pandora-namespace-").FullName;
    readonly string _cgroup;
    readonly Process _unshare;
    readonly Task<string> _output, _errors;
    bool _disposed;

    static InitInNamespace() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        lock (s_running)
            foreach (var init in s_running)
                init.Kill();
    };

    /// <param name="services">Texts of service files by name of the service; they go to /etc/dora/services.</param>
    /// <param name="prepare">Puts further files below the folder that becomes the root.</param>
    /// <param name="served">Wait until the control socket is listened on; false where no manager is to come up.</param>
    public InitInNamespace(IReadOnlyDictionary<string, string> services, Action<string>? prepare = null, bool served = true)
    {
        _cgroup = Path.Combine(s_cgroups, Path.GetFileName(_folder));
        string root = Path.Combine(_folder, "root"), files = Path.Combine(_folder, "files");
        Directory.CreateDirectory(root);
        WriteFiles(files, services);
        prepare?.Invoke(files);
        Directory.CreateDirectory(_cgroup);
        // The shell moves itself into the cgroup first: what `unshare --cgroup` makes the root is the one it is in.
        _unshare = Process.Start(new ProcessStartInfo("sh",
        [
            "-c", "echo $$ >\"$1/cgroup.procs\" && shift && exec unshare --pid --fork --kill-child --mount --net --uts --ipc --cgroup sh \"$@\"",
            "sh", _cgroup, Path.Combine(AppContext.BaseDirectory, "Harness/enter.sh"), root, files,
        ])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        _unshare.StandardInput.Close();
        _output = _unshare.StandardOutput.ReadToEndAsync();
        _errors = _unshare.StandardError.ReadToEndAsync();
        lock (s_running) s_running.Add(this);
        try
        {
            Pid = WaitFor("init as PID 1", () => FindInit());
            if (served) WaitFor("the control socket", () => IsServed());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>PID 1's pid on the host.</summary>
    public int Pid { get; }

    /// <summary>Path on the host of a file of its root.</summary>
    public string Inside(string path) => $"/proc/{Pid}/root{path}";

    /// <summary>What the guard and the manager have said.</summary>
    public string KernelLog => File.ReadAllText(Inside("/dev/kmsg"));

    /// <summary>Runs a shell command in all its namespaces, as a process that is none of init's children.</summary>
    public Outcome Run(string command, TimeSpan? limit = null, string? input = null) =>
        Programs.RunWithInput(limit ?? s_limit, input, "nsenter", "--target", Pid.ToString(), "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup",
            "--root", "--wd", "/bin/sh", "-c", command);

    /// <summary>Runs a command that asks for the end, and may be ended by it (TERM, KILL) before it can say that it has.</summary>
    public void RunEnd(string command)
    {
        var outcome = Run(command);
        if (outcome.ExitCode is not (128 + 15 or 128 + 9)) outcome.Expect();
    }

    /// <summary>Pids on the host of the processes in a cgroup of the namespace, such as "dora/services/web".</summary>
    public IReadOnlyList<int> ProcessesIn(string cgroup)
    {
        try
        {
            return [.. File.ReadAllLines(Path.Combine(_cgroup, cgroup, "cgroup.procs")).Select(int.Parse)];
        }
        catch (IOException)
        {
            return []; // it was removed, perhaps between open and read (ENODEV)
        }
    }

    /// <summary>Cgroups below its own, relative.</summary>
    public IReadOnlyList<string> Cgroups() =>
        [.. Directory.EnumerateDirectories(_cgroup, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_cgroup, path)).Order()];

    /// <summary>Its children on the host: the manager and every service.</summary>
    public IReadOnlyList<int> Children()
    {
        string text = File.ReadAllText($"/proc/{Pid}/task/{Pid}/children");
        return [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
    }

    /// <summary>The manager's pid on the host, once there is one.</summary>
    public int ManagerPid() => WaitFor("the manager", () =>
        Children().FirstOrDefault(child => CommandLine(child).EndsWith(" manager", StringComparison.Ordinal)));

    /// <summary>Kills the manager and waits for the next.</summary>
    public void KillManager()
    {
        int manager = ManagerPid();
        Processes.Signal(manager, 9);
        WaitFor("another manager", () => ManagerPid() is var pid && pid != manager);
    }

    /// <summary>Waits until it has ended by itself; the signal that ended PID 1.</summary>
    public int WaitForEnd(TimeSpan limit)
    {
        if (!_unshare.WaitForExit(limit)) throw new TimeoutException($"init has not ended within {limit.TotalSeconds} s\n{Story()}");
        return _unshare.ExitCode - 128;
    }

    /// <summary>Waits until the guard or the manager has said this: what is said of an event may come after its effect.</summary>
    public void WaitForLog(string text) => WaitFor($"'{text}' in the log", () => KernelLog.Contains(text, StringComparison.Ordinal));

    /// <summary>Waits until a process of the service catches or ignores a signal (TERM): a shell runs a while before it sets its trap.</summary>
    public void WaitForTrap(string service, int signal = 15) => WaitFor($"the trap of {service}", () =>
        ProcessesIn($"dora/services/{service}").Any(pid => Processes.Heeds(pid, signal)));

    /// <summary>Asks again and again until the answer is not the default one.</summary>
    public T WaitFor<T>(string what, Func<T?> ask, TimeSpan? limit = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            if (ask() is { } answer && !EqualityComparer<T>.Default.Equals(answer, default)) return answer;
            if (_unshare.HasExited) throw new InvalidOperationException($"init ended (exit code {_unshare.ExitCode}) while waiting for {what}\n{Story()}");
            if (Stopwatch.GetElapsedTime(start) > (limit ?? s_limit)) throw new TimeoutException($"{what} did not come within {(limit ?? s_limit).TotalSeconds} s\n{Story()}");
            Thread.Sleep(5);
        }
    }

    /// <summary>All that was said, for messages.</summary>
    public string Story()
    {
        string log = "";
        try
        {
            if (!_unshare.HasExited && Pid != 0) log = KernelLog;
        }
        catch (IOException)
        {
            // Its root is gone with it.
        }
        // While something of it runs the pipes are open, and there is nothing final to show.
        bool ended = Task.WaitAll([_output, _errors], TimeSpan.FromSeconds(_unshare.HasExited ? 1 : 0));
        string output = ended ? _output.Result : "", errors = ended ? _errors.Result : "";
        return $"--- /dev/kmsg ---\n{log}\n--- output ---\n{output}{errors}";
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Kill();
        if (!_unshare.WaitForExit(TimeSpan.FromSeconds(60))) throw new InvalidOperationException("init could not be killed");
        lock (s_running) s_running.Remove(this);
        RemoveCgroups();
        Directory.Delete(_folder, recursive: true);
        AssertNothingIsLeft();
        _unshare.Dispose();
    }

    void Kill()
    {
        try
        {
            // --kill-child takes PID 1 along, and the end of PID 1 that of its whole namespace.
            _unshare.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    int FindInit()
    {
        string file = $"/proc/{_unshare.Id}/task/{_unshare.Id}/children";
        if (!File.Exists(file)) return 0;
        string child = File.ReadAllText(file).Trim();
        return int.TryParse(child, out int pid) && CommandLine(pid).StartsWith("/pandora/init", StringComparison.Ordinal) ? pid : 0;
    }

    public static string CommandLine(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Replace('\0', ' ').TrimEnd();
        }
        catch (IOException)
        {
            return ""; // gone
        }
    }

    // Processes of a dead pid namespace leave their cgroups a moment later, or when the host's disk has taken what they were writing through.
    void RemoveCgroups()
    {
        long start = Stopwatch.GetTimestamp();
        while (Directory.Exists(_cgroup))
        {
            try
            {
                foreach (string folder in Directory.EnumerateDirectories(_cgroup, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length))
                    Directory.Delete(folder);
                Directory.Delete(_cgroup);
            }
            catch (IOException) when (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60))
            {
                Thread.Sleep(20);
            }
        }
    }

    void AssertNothingIsLeft()
    {
        if (Directory.Exists(_cgroup)) throw new InvalidOperationException($"{_cgroup}: still there");
        if (Directory.Exists(_folder)) throw new InvalidOperationException($"{_folder}: still there");
        if (File.ReadAllText("/proc/self/mountinfo").Contains(_folder)) throw new InvalidOperationException($"{_folder}: still mounted");
        string name = Path.GetFileName(_folder);
        var left = Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(entry => int.TryParse(entry, out _))
            .Select(entry => CommandLine(int.Parse(entry!))).Where(line => line.Contains(name)).ToList();
        if (left.Count > 0) throw new InvalidOperationException($"left behind: {string.Join(", ", left)}");
    }

    static void WriteFiles(string files, IReadOnlyDictionary<string, string> services)
    {
        Directory.CreateDirectory(Path.Combine(files, "pandora"));
        foreach (string program in new[] { "init", "syslog", "dora" })
            File.Copy(Published(program), Path.Combine(files, "pandora", program)); // its mode too
        foreach (string name in new[] { "poweroff", "reboot", "halt", "shutdown", "telinit" }) File.CreateSymbolicLink(Path.Combine(files, "pandora", name), "init");
        string etc = Path.Combine(files, "etc"), folder = Path.Combine(etc, "dora/services");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(etc, "passwd"), "root:x:0:0:root:/root:/bin/sh\nplain:x:1234:1235:Plain:/tmp:/bin/sh\n");
        File.WriteAllText(Path.Combine(etc, "group"), "root:x:0:\nplain:x:1235:\n");
        foreach (var (name, text) in services) File.WriteAllText(Path.Combine(folder, name + ".yaml"), text);
    }

    /// <summary>What image/publish made; tests/run hands the paths over.</summary>
    static string Published(string program)
    {
        string? given = Environment.GetEnvironmentVariable("PANDORA_" + program.ToUpperInvariant());
        string path = given is { Length: > 0 } ? given : Path.Combine(Repository(), "out/bin", program);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path}: not there; run image/publish, or tests/run namespace");
    }

    public static string Repository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Pandora.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no Pandora.sln above {AppContext.BaseDirectory}");
    }

    /// <summary>Where this host has cgroup v2: alone, or beside v1 ("hybrid").</summary>
    static string FindCgroups()
    {
        foreach (string line in File.ReadLines("/proc/self/mounts"))
            if (line.Split(' ') is [_, var target, "cgroup2", ..]) return target;
        throw new InvalidOperationException("no cgroup2 is mounted on this host");
    }
}
