using Dora.Core.Events;
using Dora.Core.Protocol;
using Dora.Init.Manager.Control;

namespace Dora.Init.Manager;

// Services that are run at times.
internal sealed partial class MachineControl
{
    public IReadOnlyList<JobInfo> Jobs()
    {
        int count = 0;
        foreach (var service in supervisor.Services)
            if (service.Job is not null) count++;
        var list = new JobInfo[count];
        foreach (var service in supervisor.Services)
            if (service.Job is { } job) list[--count] = MachineReports.JobOf(job, hasRuns: false);
        return list;
    }

    public JobInfo? Job(string name) => supervisor.Find(name)?.Job is { } job ? MachineReports.JobOf(job, hasRuns: true) : null;

    public ControlResult RunJob(string name)
    {
        if (supervisor.Find(name) is not { } service) return WhyUnusable(name);
        if (NoJob(name) is { } none) return none;
        if (WhyNot("start", service) is { } refused) return refused;
        if (!service.State.IsAtRest)
            return ControlResult.Refused(Refusal.Conflict, "service.busy", $"{name}: its last run goes on: it is {MachineReports.StateName(service)}");
        string before = MachineReports.StateName(service);
        var asked = EventLoop.Now;
        supervisor.StartAgain(service);
        return ControlResult.Accepted(changes.Begin("run", name, before, state => state.Phase is Supervision.ServicePhase.Done && state.Since >= asked));
    }

    /// <summary>Why there is no job of this name, if there is a service.</summary>
    public ControlResult? NoJob(string name) =>
        supervisor.Find(name) is not { } service ? WhyUnusable(name)
        : service.Job is not null ? null
        : ControlResult.Refused(Refusal.Conflict, "service.no-schedule", $"{name}: its file has no schedule");
}
