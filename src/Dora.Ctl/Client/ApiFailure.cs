using Dora.Core.Protocol;

namespace Dora.Ctl.Client;

/// <summary>A request that did not succeed: the exit code, the words, and the API's own answer where there is one.</summary>
internal sealed class ApiFailure(int exitCode, string message, ErrorBody? body = null, byte[]? json = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
    public ErrorBody? Body { get; } = body;

    /// <summary>The answer as it came, for <c>--json</c>.</summary>
    public byte[]? Json { get; } = json;
}
