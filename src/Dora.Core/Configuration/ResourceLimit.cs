namespace Dora.Core.Configuration;

/// <summary>A resource limit of setrlimit(2); <see cref="ulong.MaxValue"/> is "unlimited".</summary>
/// <param name="Soft">What is enforced.</param>
/// <param name="Hard">Up to where the process may raise it.</param>
public readonly record struct ResourceLimit(ulong Soft, ulong Hard);
