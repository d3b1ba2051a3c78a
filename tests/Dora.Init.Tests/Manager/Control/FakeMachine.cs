using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>A manager with one service, web, whose changes end after a moment.</summary>
internal sealed class FakeMachine(EventLoop loop) : IMachineControl
{
    private readonly Dictionary<string, ChangeInfo> _changes = new()
    {
        ["long"] = new() { Id = "long", Verb = "stop", Service = "web", Status = ChangeInfo.Doing },
    };

    public FakeInformation Information { get; } = new(loop);

    IMachineInformation IMachineControl.Information => Information;

    public int Waiting { get; private set; }
    public int Cancelled { get; private set; }
    public List<string> Calls { get; } = [];
    public LogQuery? Query { get; private set; }
    public FileDescriptor? LogConnection { get; private set; }
    public bool SyslogRuns { get; set; } = true;
    public string? SyslogState { get; set; }

    public VersionInfo Version() => new("pandora", "0.1.0", 1, "6.1.0", "x86_64", "box");

    public IReadOnlyList<ServiceSummary> Services() => [Service("web")!];

    public ServiceStatus? Service(string name) => name switch
    {
        "syslog" => SyslogState is { } state ? new(new ServiceSummary { Name = name, Type = "daemon", State = state }) : null,
        "web" => new(new ServiceSummary { Name = "web", Type = "daemon", State = ServiceStates.Running, Pid = 7 }),
        "big" => new(new ServiceSummary { Name = "big", Type = "daemon", State = ServiceStates.Running, Description = new string('x', 4 << 20) }),
        "broken" => throw new InvalidOperationException("this service breaks the manager"),
        _ => null,
    };

    public IReadOnlyList<ServiceUsage> Usage() => [new() { Name = "web", State = ServiceStates.Running, CpuMs = 20, Tasks = 1 }];

    public IReadOnlyList<JobInfo> Jobs() => [Job("web")!];

    public JobInfo? Job(string name) => name == "web" ? new() { Name = "web", State = ServiceStates.Armed, Schedule = ["@daily"], Runs = [new() { Started = "2026-11-21T03:00:00.000Z", DurationMs = 5 }] } : null;

    public ControlResult? NoJob(string name) => ControlResult.NoSuchService(name);

    public ControlResult RunJob(string name) => Do("run", name);

    public ControlResult Start(string name) => Do("start", name);

    public ControlResult Stop(string name) => Do("stop", name);

    public ControlResult Restart(string name) => Do("restart", name);

    public ControlResult Run(string? name, ReadOnlySpan<byte> text)
    {
        Calls.Add($"run {name} {System.Text.Encoding.UTF8.GetString(text)}");
        return text.IsEmpty ? ControlResult.Refused(Refusal.Invalid, "service.invalid", "request: the file is empty") : Do("start", "web");
    }

    public ControlResult? OpenSession(SessionRequest request, ReadOnlySpan<byte> text, FileDescriptor connection, byte[] rest) =>
        Session($"session {request} {System.Text.Encoding.UTF8.GetString(text)}", request.Service ?? "web", connection, rest);

    public ControlResult? AttachSession(string name, FileDescriptor connection, Dora.Init.Relay.AttachRequest request) =>
        Session($"attach {name} {request.Rows} {request.Columns}", name, connection, request.Rest);

    private ControlResult? Session(string call, string service, FileDescriptor connection, byte[] rest)
    {
        Calls.Add(call);
        if (service != "web") return ControlResult.NoSuchService(service);
        Sys.Duplicate(connection, out var copy).ThrowIfError("dup");
        _ = Sys.Write(copy, HttpResponse.SessionHead("run-1", false, false), out _);
        _ = Sys.Write(copy, rest, out _);
        copy.Dispose();
        return null;
    }

    public ControlResult Reload(string name) => Do("reload", name);

    public IDisposable? CompareFiles(Action<ReloadReport> then, Action<ControlResult> refused)
    {
        Calls.Add("compare");
        then(new ReloadReport { Fingerprint = "1-f" });
        return null;
    }

    public IDisposable? ReloadFiles(string? fingerprint, Action<ReloadReport> then, Action<ControlResult> refused)
    {
        Calls.Add($"reload files {fingerprint}");
        if (fingerprint is "1-f" or null) then(new ReloadReport { Fingerprint = "1-f", Services = [new ReloadEntry { Service = "web", Action = "restart", Begun = ["long"] }] });
        else refused(ControlResult.Refused(Refusal.Conflict, "reload.outdated", "service files: they have changed"));
        return null;
    }

    public ControlResult Pin(string name, ServicePin pin) => Do($"pin {pin}", name);

    public ControlResult Mask(string name, bool isMasked) => Do(isMasked ? "mask" : "unmask", name);

    public IDisposable? EndMachine(MachineEnd verb, EndMachineRequest request, string asker, Action<ControlResult> then)
    {
        Calls.Add($"{verb} {request.Force} by {asker}");
        _changes["end"] = new() { Id = "end", Verb = "reboot", Status = ChangeInfo.Doing };
        then(ControlResult.Accepted("end"));
        return null;
    }

    public ControlResult CancelEnd(string asker) => ControlResult.Refused(Refusal.Conflict, "machine.not-scheduled", "no end of the machine is scheduled");

    public MachineStatus Status() => new() { State = MachineStatus.Running };

    public IDisposable? UpgradeInit(string path, Action<ControlResult> then)
    {
        Calls.Add($"upgrade {path}");
        then(ControlResult.Refused(Refusal.Conflict, "init.unsuitable", "upgrade: it is no init of Pandora"));
        return null;
    }

    private ControlResult Do(string verb, string name)
    {
        Calls.Add($"{verb} {name}");
        if (name == "masked") return ControlResult.Refused(Refusal.Conflict, "service.problems", "masked: its file has mistakes");
        if (name != "web") return ControlResult.NoSuchService(name);
        var change = new ChangeInfo { Id = "1", Verb = verb, Service = name, Status = ChangeInfo.Doing, Before = "stopped" };
        _changes["1"] = change;
        loop.After(TimeSpan.FromMilliseconds(50), "fake", () => _changes["1"] = change with { Status = ChangeInfo.Done, After = "running" });
        return ControlResult.Accepted("1");
    }

    public ChangeInfo? Change(string id) => _changes.GetValueOrDefault(id);

    public IDisposable WhenChanged(string id, TimeSpan wait, Action<ChangeInfo> then)
    {
        Waiting++;
        var waiter = new Waiter(this);
        var end = EventLoop.Now + wait;
        void Look()
        {
            if (waiter.IsOver) return;
            if (_changes[id].Status == ChangeInfo.Doing && EventLoop.Now < end)
            {
                loop.After(TimeSpan.FromMilliseconds(5), "fake", Look);
                return;
            }
            waiter.IsOver = true;
            Waiting--;
            then(_changes[id]);
        }
        loop.Post("fake", Look);
        return waiter;
    }

    private sealed class Waiter(FakeMachine machine) : IDisposable
    {
        public bool IsOver { get; set; }

        public void Dispose()
        {
            if (IsOver) return;
            IsOver = true;
            machine.Waiting--;
            machine.Cancelled++;
        }
    }

    public BootReport Boot() => new() { HandoverMs = 900 };

    public string Metrics() => "pandora_test 1\n";

    public byte[] Events(long after) => System.Text.Encoding.UTF8.GetBytes($"{{\"id\":{after + 1},\"kind\":\"test\"}}\n");

    public bool FollowEvents(FileDescriptor connection, Access access, long after, bool isServerSent)
    {
        Calls.Add($"follow {access} {after} {isServerSent}");
        return false;
    }

    public bool ServeLogs(FileDescriptor connection, LogQuery query)
    {
        Query = query;
        if (!SyslogRuns) return false;
        // What SCM_RIGHTS does: another descriptor of the same connection, used after the manager's is closed.
        Sys.Duplicate(connection, out var copy).ThrowIfError("dup");
        LogConnection = copy;
        loop.After(TimeSpan.FromMilliseconds(30), "fake", () =>
        {
            _ = Sys.Write(copy, HttpResponse.StreamHead(HttpResponse.Ndjson), out _);
            _ = Sys.Write(copy, "{\"message\":\"hello\"}\n"u8, out _);
            copy.Dispose();
        });
        return true;
    }
}
