namespace Dora.Syslog.Receiving;

/// <summary>What brings lines of other machines. It has its turn when nothing of this machine waits (<see cref="LogServer"/>.Receiving.cs).</summary>
internal abstract class RemoteSource
{
    /// <summary>It stands in the queue.</summary>
    public bool IsQueued { get; set; }

    /// <summary>For people.</summary>
    public abstract string Name { get; }

    /// <summary>One bounded piece of work; whether there may be more.</summary>
    public abstract bool Work();

    public abstract void Close();
}
