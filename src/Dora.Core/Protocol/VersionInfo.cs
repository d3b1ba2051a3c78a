using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary><c>GET /v1/version</c>.</summary>
/// <param name="Product"><c>pandora</c>.</param>
/// <param name="Version">Version of init.</param>
/// <param name="Api">Version of this protocol; 1.</param>
/// <param name="Kernel">Release of the running kernel.</param>
/// <param name="Machine">Architecture: <c>x86_64</c>.</param>
/// <param name="Hostname">Name of the machine.</param>
public sealed record VersionInfo(string Product, string Version, int Api, string Kernel, string Machine, string Hostname)
    : IJsonMapped<VersionInfo>
{
    /// <inheritdoc/>
    public static VersionInfo Map(JsonMap json, VersionInfo? from) => new(
        json.Text("product", from?.Product) ?? "",
        json.Text("version", from?.Version) ?? "",
        json.Integer("api", from?.Api) ?? 0,
        json.Text("kernel", from?.Kernel) ?? "",
        json.Text("machine", from?.Machine) ?? "",
        json.Text("hostname", from?.Hostname) ?? "");
}
