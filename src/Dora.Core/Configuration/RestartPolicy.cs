namespace Dora.Core.Configuration;

/// <summary>
/// The restart policy: the n-th restart in a row waits Delay x Factor^(n-1), at most Cap; a run of at least
/// <see cref="ResetAfter"/> starts the count anew; more than <see cref="Limit"/> in a row is a final failure.
/// </summary>
public sealed record RestartPolicy
{
    /// <summary>When at all; <c>restart: always</c> or <c>restart: {when: always}</c>.</summary>
    public RestartCondition When { get; init; } = RestartCondition.OnFailure;

    /// <summary>Wait before the first restart; <c>delay</c>.</summary>
    public TimeSpan Delay { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Growth from one restart to the next, 1 to 10; <c>factor</c>.</summary>
    public double Factor { get; init; } = 2;

    /// <summary>The longest wait; <c>cap</c>.</summary>
    public TimeSpan Cap { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A run this long counts as stable; <c>reset-after</c>.</summary>
    public TimeSpan ResetAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Restarts in a row until it is given up; <c>limit</c>; 0 is without limit.</summary>
    public int Limit { get; init; }

    /// <summary>Counts the restarts of such a period, which begins with the first, instead of those in a row; <c>within</c>; 0 is not at all.</summary>
    public TimeSpan Within { get; init; }

    /// <summary>How much longer a wait may get by chance, from 0 to 1 of it; <c>jitter</c>.</summary>
    public double Jitter { get; init; }
}
