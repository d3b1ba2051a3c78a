namespace Dora.Init.Manager.Supervision.Triggers;

/// <summary>Something outside that a trigger waits for: it tells how it is, and when it may have changed.</summary>
internal interface IWorldSource : IDisposable
{
    /// <summary>
    /// How it is, in a word that differs when it is another: null when what is waited for is not there. Asked before
    /// <see cref="Listen"/> and as often as one likes.
    /// </summary>
    string? Stamp();

    /// <summary>
    /// From here on <paramref name="changed"/> is called whenever the stamp may be another; whoever listens asks for the stamp
    /// afterwards, so that nothing is missed in between. Throws <see cref="Dora.Core.Linux.LinuxException"/>.
    /// </summary>
    void Listen(Action changed);

    /// <summary>Nothing is called, and nothing is held open, until <see cref="Listen"/>.</summary>
    void Rest();
}
