using Dora.Core.Configuration;
using Dora.Core.Events;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>Looks at a service again and again, one attempt at a time, each with its limit; tells of each what it has come to.</summary>
internal sealed class Probe : IDisposable
{
    private readonly EventLoop _loop;
    private readonly string _owner;
    private readonly ProbeSettings _settings;
    private readonly Func<ProbeAttempt> _make;
    private readonly Action<string?> _told;
    private ProbeAttempt? _attempt;
    private LoopTimer? _timer; // the limit of the attempt, or the wait for the next one
    private bool _isDisposed;

    /// <param name="loop">Everything happens there.</param>
    /// <param name="owner">The service, in messages.</param>
    /// <param name="settings">What is looked at, and how often.</param>
    /// <param name="make">A new attempt.</param>
    /// <param name="told">Called after each, with null for success; may dispose this.</param>
    public Probe(EventLoop loop, string owner, ProbeSettings settings, Func<ProbeAttempt> make, Action<string?> told)
    {
        _loop = loop;
        _owner = owner;
        _settings = settings;
        _make = make;
        _told = told;
    }

    public ProbeAttempt? Attempt => _attempt;

    /// <summary>What the last one has come to.</summary>
    public string? LastFault { get; private set; }

    /// <summary>The first attempt, after <paramref name="delay"/>.</summary>
    public void Begin(TimeSpan delay) => _timer = _loop.After(delay, _owner, Try);

    private void Try()
    {
        var attempt = _attempt = _make();
        _timer = _loop.After(_settings.Timeout, _owner, () => Ended($"no answer within {ServiceMachine.Seconds(_settings.Timeout)}"));
        attempt.Begin(Ended);
    }

    private void Ended(string? fault)
    {
        if (_attempt is null) return;
        _timer?.Cancel();
        _attempt.Dispose();
        _attempt = null;
        LastFault = fault;
        _told(fault);
        if (!_isDisposed) _timer = _loop.After(_settings.Interval, _owner, Try);
    }

    public void Dispose()
    {
        _isDisposed = true;
        _timer?.Cancel();
        _attempt?.Dispose();
        _attempt = null;
    }
}
