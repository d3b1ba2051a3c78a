namespace Dora.Ctl;

/// <summary>A command that cannot go on, for a reason that the API did not give, or with an exit code of its own.</summary>
internal sealed class CommandFailure(int exitCode, string message, byte[]? json = null, string? hint = null) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;

    /// <summary>The API's answer where there was one, for <c>--json</c>.</summary>
    public byte[]? Json { get; } = json;
}
