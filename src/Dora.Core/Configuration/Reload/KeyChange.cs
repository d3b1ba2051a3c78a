namespace Dora.Core.Configuration.Reload;

/// <summary>One line of the difference between two readings of a service.</summary>
/// <param name="Key">The key, and the keys below it: <c>environment.PORT</c>.</param>
/// <param name="Before">Its value on one line; null if it was not there.</param>
/// <param name="After">Its value on one line; null if it is not there any more.</param>
internal sealed record KeyChange(string Key, string? Before, string? After);
