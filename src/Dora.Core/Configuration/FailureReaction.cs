namespace Dora.Core.Configuration;

/// <summary>What follows when a service is given up; <c>on-failure</c>.</summary>
/// <param name="Reboots">The machine is started anew.</param>
/// <param name="Service">This service is started, and told of the failure by its environment; null: none.</param>
public sealed record FailureReaction(bool Reboots, string? Service)
{
    /// <summary>It stays failed, and that is all.</summary>
    public static FailureReaction Nothing { get; } = new(false, null);
}
