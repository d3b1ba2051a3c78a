namespace Dora.Core.Configuration;

/// <summary>A service file while it is read: the settings so far, and what later checks need besides.</summary>
/// <param name="Settings">Defaults, replaced key by key.</param>
/// <param name="References">Names of other services, with positions.</param>
internal sealed record ServiceDraft(ServiceSettings Settings, List<ServiceReference> References);
