using Dora.Init.Manager.Supervision.Scheduling;

namespace Dora.Init.Manager.Supervision;

// Services that are run at times (schedule).
internal sealed partial class Supervisor
{
    private JobScheduler? _jobs;

    public JobScheduler Jobs => _jobs ??= new JobScheduler(this);

    private static bool IsJob(Service service) => service.Job?.Times is not null;

    /// <summary>Why nothing may start a service by itself; null if it may.</summary>
    public string? WhyNotByItself(Service service)
    {
        if (IsEnding) return "the machine is being ended";
        if (service.Pin is ServicePin.Down) return "it is pinned down";
        return MayStart(service) ? null : IsMasked(service) ? "it is masked" : "its file is gone";
    }

    private void KnowJob(Service service)
    {
        if (service.Settings.Schedule is not null || _jobs is not null) Jobs.Know(service);
    }

    /// <summary>Takes up what the last manager has saved of a job.</summary>
    private void AdoptJob(Service service, string? text)
    {
        if (service.Job is not null && text is not null) service.Job = new Job(Jobs, service, JobRecord.Of(text, isSameBoot: true));
    }

    internal Service[] ServicesNow() => _services.Values.ToArray();
}
