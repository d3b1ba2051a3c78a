namespace Dora.Core.Configuration;

/// <summary>One name of another service in a service file.</summary>
/// <param name="Key">The key that names it: needs, wants, after, before, milestone, on-failure or slice.</param>
/// <param name="Name">The other service.</param>
/// <param name="Position">Where the name stands.</param>
internal readonly record struct ServiceReference(string Key, string Name, Position Position);
