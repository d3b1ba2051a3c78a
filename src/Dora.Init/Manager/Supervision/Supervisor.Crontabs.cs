using Dora.Core.Configuration;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Crontabs;

namespace Dora.Init.Manager.Supervision;

// Jobs of crontabs, which come and go with their lines (Crontabs/).
internal sealed partial class Supervisor
{
    /// <summary>A line is there, or is another.</summary>
    public void SetJob(ServiceSettings settings)
    {
        if (Find(settings.Name) is not { } known) AddService(settings, null);
        else if (known.InstanceOf is not null) Log.Error($"{settings.Name}: there is an instance of {known.InstanceOf} of this name: {settings.Description} is not run");
        else
        {
            _leaving.Remove(settings.Name);
            // Nothing but its next launch goes by them; of a line that an earlier manager knew and this one did not, nothing is known.
            known.Renew(settings, isSameRun: known.Settings.Crontab is not null);
        }
    }

    /// <summary>Its line is gone: what runs of it ends by itself.</summary>
    public void RetireJob(string name)
    {
        if (Find(name) is not { Settings.Crontab: not null } service) return;
        if (service.State.IsAtRest) Forget(service);
        else
        {
            _leaving.Add(name);
            service.Job?.Retire();
        }
    }

    /// <summary>A line that has gone while there was no manager, and of which nothing runs.</summary>
    private bool IsOverWithItsLine(SavedService entry) => entry.State.IsAtRest && CrontabJobs.IsName(entry.Name) && Find(entry.Name) is null;

    /// <summary>Down for good, or, for a job of a crontab, done.</summary>
    private static bool HasEnded(Service service) => service.Settings.Crontab is null ? service.State.IsDown : service.State.IsAtRest;
}
