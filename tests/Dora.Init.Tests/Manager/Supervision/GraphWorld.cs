using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Init.Manager.Supervision.Scheduling;
using Dora.Init.Manager.Supervision.Triggers;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>
/// The supervisor in a world of its own: settings are read from the text of service files, processes are numbers, the
/// clock is turned by the test, signals and launches are lines in <see cref="Story"/>. A process obeys its stop signal at
/// once, unless it is in <see cref="Stubborn"/>.
/// </summary>
internal sealed partial class GraphWorld : IServiceLauncher, IServiceOutput, IDisposable
{
    private readonly EventLoop _loop;
    private readonly MemoryStore _store = new();
    private readonly Dictionary<string, FakeCgroup> _cgroups = [];
    private int _lastPid = 1_000_000_000; // no process of the host, should one ever slip through

    public GraphWorld(Predicate<ServiceSettings>? isWantedByBoot = null)
    {
        EventLoop.TestClock = () => Now;
        WallClock.TestClock = () => Wall;
        Log.TestSink = Messages.Add;
        _loop = new EventLoop { Failed = (owner, exception) => Defects.Add($"{owner}: {exception}") };
        Supervisor = new Supervisor(_loop, _store, this, Masked, this)
        {
            IsWantedByBoot = isWantedByBoot ?? (_ => true),
            WorldSource = service => Sources[service.Name] = new FakeSource { Value = Initial.GetValueOrDefault(service.Name) },
        };
        Supervisor.RebootAsked = cause => Story.Add($"reboot for {cause}");
    }

    public List<string> Masked { get; } = [];
    public Supervisor Supervisor { get; }
    public TimeSpan Now { get; private set; } = TimeSpan.FromHours(1);
    public List<string> Story { get; } = [];
    public List<string> Messages { get; } = [];
    public List<string> Defects { get; } = [];

    /// <summary>Services whose program is not there.</summary>
    public HashSet<string> Broken { get; } = [];

    /// <summary>Services (or <c>PreStart web</c>) at whose launch a defect throws.</summary>
    public Dictionary<string, Exception> Defective { get; } = [];

    /// <summary>Of those, the ones whose process is there when it throws.</summary>
    public HashSet<string> DefectiveTooLate { get; } = [];

    /// <summary>Services whose process heeds no stop signal.</summary>
    public HashSet<string> Stubborn { get; } = [];

    public Dictionary<string, FakeSource> Sources { get; } = [];
    public Dictionary<string, string?> Initial { get; } = [];

    public Service this[string name] => Supervisor.Find(name) ?? throw new KeyNotFoundException(name);

    public ServicePhase Phase(string name) => this[name].State.Phase;

    /// <summary>Phases of some services as one line: <c>db Running, web Waiting</c>.</summary>
    public string Phases(params string[] names) => string.Join(", ", names.Select(name => $"{name} {Phase(name)}"));

    public bool IsUp(params string[] names) => names.All(name => this[name].State.IsUp);

    /// <summary>By how much the wall clock is ahead of the time since boot; the test sets it by <see cref="SetClock"/>.</summary>
    public long Ahead { get; private set; } = 1_767_225_600 - 3600; // 2026-01-01 00:00:00 UTC, an hour after boot

    public long Wall => Ahead + (long)Now.TotalSeconds;

    /// <summary>Somebody sets the wall clock: the kernel tells who waits for it.</summary>
    public GraphWorld SetClock(long seconds)
    {
        Ahead += seconds;
        Supervisor.Jobs.Look();
        return Settle();
    }

    public GraphWorld At(TimeSpan now)
    {
        Now = now;
        return this;
    }

    public GraphWorld Add(string name, string text = "")
    {
        var file = ServiceFileReader.Read(PathOf(name), Complete(name, text));
        Assert.Equal("", string.Join("\n", file.Problems));
        Write(name, text);
        Supervisor.Add(file.Settings!);
        return this;
    }

    public GraphWorld Boot()
    {
        Supervisor.StartBootServices();
        return Settle();
    }

    public GraphWorld Start(params string[] names)
    {
        foreach (string name in names) Supervisor.Start(Supervisor.FindOrMake(name) ?? throw new KeyNotFoundException(name));
        return Settle();
    }

    public GraphWorld Stop(string name)
    {
        Supervisor.Stop(this[name]);
        return Settle();
    }

    public GraphWorld Restart(string name)
    {
        Supervisor.Restart(this[name]);
        return Settle();
    }

    public GraphWorld Pin(string name, ServicePin pin)
    {
        Supervisor.SetPin(this[name], pin);
        return Settle();
    }

    public GraphWorld Ready(string name)
    {
        this[name].Apply(new(ServiceEventKind.ReadySeen));
        return Settle();
    }

    /// <summary>Its main process ends by itself.</summary>
    public GraphWorld Exit(string name, int code = 0) => End(name, new ProcessExit(Libc.CLD_EXITED, code));

    public GraphWorld Crash(string name, int signal = Libc.SIGSEGV) => End(name, new ProcessExit(Libc.CLD_KILLED, signal));

    public GraphWorld End(string name, ProcessExit exit)
    {
        EndNow(name, exit);
        return Settle();
    }

    /// <summary>Its helper command ends.</summary>
    public GraphWorld EndHelper(string name, int code = 0)
    {
        Assert.True(Supervisor.MainExited(this[name].State.HelperPid, new ProcessExit(Libc.CLD_EXITED, code)));
        return Settle();
    }

    public GraphWorld Pass(double seconds)
    {
        var until = Now + TimeSpan.FromSeconds(seconds);
        for (var next = Turn(); next is { } due && due <= until; next = Turn()) Now = due > Now ? due : Now;
        Now = until;
        return Settle();
    }

    public GraphWorld Settle()
    {
        Turn();
        Turn(); // timers that are due at once
        Assert.Empty(Defects);
        return this;
    }

    /// <summary>As the manager does it: what has happened is saved behind every turn of the loop.</summary>
    private TimeSpan? Turn()
    {
        var next = _loop.Turn();
        while (Supervisor.Jobs.ArmedFor is { } at && at <= Wall)
        {
            Supervisor.Jobs.Look();
            next = _loop.Turn();
        }
        Supervisor.Saved();
        return Supervisor.Jobs.ArmedFor is { } wall && Now + TimeSpan.FromSeconds(wall - Wall) is var due && !(due >= next) ? due : next;
    }

    private void EndNow(string name, ProcessExit exit)
    {
        if (Supervisor.Find(name) is not { State.Pid: not 0 } service) return;
        _cgroups[name].Populated = false;
        Assert.True(Supervisor.MainExited(service.State.Pid, exit));
    }

    LaunchResult IServiceLauncher.Launch(Service service, FileDescriptor? readiness, HelperCommand? helper)
    {
        if (helper is not null)
        {
            Story.Add($"{helper.Kind} {service.Name}");
            if (Defective.TryGetValue($"{helper.Kind} {service.Name}", out var thrown)) throw thrown;
            return new LaunchResult(++_lastPid, null);
        }
        Assert.False(_cgroups[service.Name].Populated, $"two generations of {service.Name}");
        Story.Add($"launch {service.Name}");
        _cgroups[service.Name].Populated = DefectiveTooLate.Contains(service.Name);
        if (Defective.TryGetValue(service.Name, out var defect)) throw defect;
        if (Broken.Contains(service.Name)) return new LaunchResult(0, $"{service.Name}: execute /bin/{service.Name}: no such file or directory (ENOENT)", Errno.ENOENT, IsExecute: true);
        _cgroups[service.Name].Populated = true;
        return new LaunchResult(++_lastPid, null);
    }

    void IServiceLauncher.Kill(int pid, int signal)
    {
        var service = Supervisor.Services.Single(service => service.State.Pid == pid);
        if (signal == Libc.SIGCONT) return;
        Story.Add($"{SignalName.Of(signal)} {service.Name}");
        if (signal == Libc.SIGKILL || !Stubborn.Contains(service.Name))
            _loop.Post("world", () => EndNow(service.Name, new ProcessExit(Libc.CLD_KILLED, signal)));
    }

    Cgroup IServiceLauncher.CgroupOf(EventLoop loop, string path, string name, Action emptied)
    {
        // The events of an instance that was forgotten are not those of its successor.
        return _cgroups[name] = new FakeCgroup(loop, path, name, emptied, killed: () =>
        {
            Story.Add($"kill {name}");
            if (this[name].State.Pid == 0) _cgroups[name].Populated = false;
            _loop.Post("world", () => EndNow(name, new ProcessExit(Libc.CLD_KILLED, Libc.SIGKILL)));
        });
    }

    (FileDescriptor Output, FileDescriptor Error) IServiceOutput.OpenFor(string service) => throw new NotSupportedException();

    IReadOnlyList<(string Name, FileDescriptor Fd)> IServiceOutput.LoggerDescriptors() => throw new NotSupportedException();

    void IServiceOutput.LoggerEnded() => Story.Add("no logger");

    public void Dispose()
    {
        foreach (var service in Supervisor.Services) service.Dispose();
        EventLoop.TestClock = null;
        WallClock.TestClock = null;
        Log.TestSink = null;
        _loop.Dispose();
        _store.Dispose();
    }

    private sealed class FakeCgroup(EventLoop loop, string path, string name, Action emptied, Action killed) : Cgroup(loop, path, name, emptied)
    {
        public bool Populated { get; set; }

        public override bool IsPopulated => Populated;

        public override Errno Renew() => Errno.None;

        public override void TakeUp()
        {
        }

        public override Errno Kill()
        {
            if (Populated) killed();
            return Errno.None;
        }

        public override IReadOnlyList<int> Processes() => [];

        public override void Signal(int signal)
        {
        }

        public override Errno Remove() => Errno.None;
    }
}

/// <summary>Something outside that the test moves.</summary>
internal sealed class FakeSource : IWorldSource
{
    private Action? _changed;

    public string? Value { get; set; }
    public bool IsListening => _changed is not null;

    public string? Stamp() => Value;

    public void Listen(Action changed) => _changed = changed;

    public void Rest() => _changed = null;

    public void Become(string? value)
    {
        Value = value;
        _changed?.Invoke();
    }

    public void Dispose() => Rest();
}
