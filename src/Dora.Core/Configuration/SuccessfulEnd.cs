namespace Dora.Core.Configuration;

/// <summary>An end that counts as success: an exit code, or a signal.</summary>
/// <param name="IsSignal">Whether <paramref name="Number"/> is that of a signal.</param>
/// <param name="Number">Exit code or signal number.</param>
public readonly record struct SuccessfulEnd(bool IsSignal, int Number);
