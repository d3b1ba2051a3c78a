using System.Text.Json;
using Dora.Core;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Shutdown;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Reloading;

/// <summary>
/// `dora service reload`: reads the directories, compares them with what is in use, and, if that is wanted, takes it up.
/// The directories are read by a helper (they may lie on a disk that does not answer); all else is done in one turn of
/// the loop, so that nobody sees half a reload.
///
/// What was shown is what is done: the fingerprint of a comparison stands for the files that were found and for those in
/// use, and one that does not fit any more is refused.
/// </summary>
internal sealed class ServiceReload(EventLoop loop, LoadedServices loaded, Supervisor supervisor, IReadOnlyList<string> directories)
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    /// <summary>A comparison, and what is to be done about it.</summary>
    internal sealed record Comparison(ReloadPlan Plan, IReadOnlyList<ReloadStep> Steps, string Fingerprint);

    /// <summary>Compares; calls one of the two later, unless what it returns is disposed before.</summary>
    public IDisposable Compare(Action<Comparison> then, Action<string> failed)
    {
        Sys.MakeMemoryFile("service-files", out var file).ThrowIfError("memfd_create");
        try
        {
            return HelperProcess.Start(loop, "reload", ["read-services", .. directories], file, s_limit, answer =>
            {
                using (file)
                {
                    if (answer.StartsWith("error: ", StringComparison.Ordinal)) failed(answer["error: ".Length..]);
                    else if (TryCompare(file, out string problem) is { } comparison) then(comparison);
                    else failed(problem);
                }
            });
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private Comparison? TryCompare(FileDescriptor file, out string problem)
    {
        try
        {
            problem = "";
            byte[] found = LoadedServices.ReadAll(file);
            var sources = SavedSources.Read(found);
            var plan = ReloadPlan.Make(loaded.Sources(), loaded.Set, sources, supervisor.WhyHeld);
            var steps = new List<ReloadStep>(plan.Items.Count);
            foreach (var item in plan.Items) steps.Add(supervisor.StepOf(item));
            AddMounts(sources, steps);
            return new Comparison(plan, steps, $"{loaded.Number}-{Fingerprint.TextOf(found)}");
        }
        catch (Exception exception) when (exception is JsonException or LinuxException)
        {
            problem = $"what was read cannot be used: {exception.Message}";
            return null;
        }
    }

    // Their keepers read storage.yaml when they start: there is nothing of it that the manager would keep.
    private void AddMounts(ServiceSources sources, List<ReloadStep> steps)
    {
        if (sources.MountProblems.Count > 0) steps.Add(supervisor.StepOf(new ReloadItem("mounts", ReloadKind.Refused) { Problems = sources.MountProblems }));
        foreach (var mount in sources.Mounts)
        {
            var item = mount.ToItem();
            steps.Add(supervisor.StepOf(supervisor.WhyHeld(item) is { } why ? item with { Kind = ReloadKind.Held, Why = why } : item));
        }
    }

    /// <summary>Takes up what was compared just now; what is started, stopped or restarted for it goes its way.</summary>
    public void Apply(Comparison comparison)
    {
        loaded.Take(comparison.Plan);
        foreach (var step in comparison.Steps)
        {
            foreach (var problem in step.Item.Problems) Log.Error(problem.ToString());
            Log.Info($"{step.Item.Name}: reload: {step.Action}{Why(step.Item)}");
        }
        supervisor.Reload(comparison.Steps);
    }

    /// <summary>Keys without values, which may be secrets and are nobody's business in a log.</summary>
    private static string Why(ReloadItem item)
    {
        if (item.Why is { } held) return ": " + held;
        var keys = new List<string>(item.Changes.Count);
        foreach (var change in item.Changes) keys.Add(change.Key);
        return keys.Count > 0 ? ": " + string.Join(", ", keys) : "";
    }
}
