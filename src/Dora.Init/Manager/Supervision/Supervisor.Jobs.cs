using Dora.Init.Manager.Supervision.Scheduling;

namespace Dora.Init.Manager.Supervision;

// Services that are run at times (schedule).
internal sealed partial class Supervisor
{
    private JobScheduler? _jobs;

    public JobScheduler Jobs => _jobs ??= new JobScheduler(this);

    private bool IsJob(Service service) => _jobs?.Find(service.Name) is { Times: not null };

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

    private void FollowJob(Service service) => _jobs?.Find(service.Name)?.Follow();
}
