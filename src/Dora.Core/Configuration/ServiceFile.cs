namespace Dora.Core.Configuration;

/// <summary>What came out of reading a service file: settings, or the problems why there are none.</summary>
/// <param name="Name">The service that the file is for.</param>
/// <param name="Settings">Null if there are problems.</param>
/// <param name="Problems">In the order of the file; empty if there are settings.</param>
public sealed record ServiceFile(string Name, ServiceSettings? Settings, IReadOnlyList<Problem> Problems);
