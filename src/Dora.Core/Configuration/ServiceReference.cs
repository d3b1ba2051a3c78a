namespace Dora.Core.Configuration;

/// <summary>One name of another service in a service file.</summary>
/// <param name="Key">needs, wants or after.</param>
/// <param name="Name">The other service.</param>
/// <param name="Position">Where the name stands.</param>
internal readonly record struct ServiceReference(string Key, string Name, Position Position);
