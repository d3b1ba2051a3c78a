namespace Dora.Core.Client;

/// <summary>The body of an answer, as an object and as it came.</summary>
/// <param name="Value">The object.</param>
/// <param name="Json">The bytes, UTF-8, with members that this client may not know.</param>
public readonly record struct Answer<T>(T Value, byte[] Json);
