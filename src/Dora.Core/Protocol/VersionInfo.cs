namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/version</c>.</summary>
/// <param name="Product"><c>pandora</c>.</param>
/// <param name="Version">Version of init.</param>
/// <param name="Api">Version of this protocol; 1.</param>
/// <param name="Kernel">Release of the running kernel.</param>
/// <param name="Machine">Architecture: <c>x86_64</c>.</param>
/// <param name="Hostname">Name of the machine.</param>
internal sealed record VersionInfo(string Product, string Version, int Api, string Kernel, string Machine, string Hostname)
{
    public string Product { get; init; } = Product ?? "";
    public string Version { get; init; } = Version ?? "";
    public int Api { get; init; } = Api;
    public string Kernel { get; init; } = Kernel ?? "";
    public string Machine { get; init; } = Machine ?? "";
    public string Hostname { get; init; } = Hostname ?? "";
}
