namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>One look at a service. It never blocks: what it waits for comes through the loop.</summary>
internal abstract class ProbeAttempt : IDisposable
{
    /// <summary>Begins; <paramref name="done"/> is called once, perhaps at once: with null for success, or with what failed in words.</summary>
    public abstract void Begin(Action<string?> done);

    /// <summary>Ends it, whatever it waits for; nothing is told any more.</summary>
    public abstract void Dispose();
}
