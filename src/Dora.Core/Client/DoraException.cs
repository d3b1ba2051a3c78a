using Dora.Core.Protocol;

namespace Dora.Core.Client;

/// <summary>Why a request did not succeed, in kinds that a caller can act on.</summary>
public enum DoraFailure
{
    /// <summary>There is no socket where one is expected: this machine does not run Pandora, or the path is wrong.</summary>
    NoSocket,

    /// <summary>Nobody listens, or the connection broke: the manager is down.</summary>
    NotReachable,

    /// <summary>The socket takes connections, or has no room for more, and nobody answers: the manager hangs or was stopped.</summary>
    NotAnswering,

    /// <summary>The caller may not open the socket, or may not do this.</summary>
    NotPermitted,

    /// <summary>There is no such thing (404).</summary>
    NotFound,

    /// <summary>Refused for any other reason; <see cref="DoraException.Error"/> names it.</summary>
    Refused,

    /// <summary>An answer came that is none of ours.</summary>
    Unexpected,
}

/// <summary>A request that did not succeed. The message is for people: object first, then the cause.</summary>
public sealed class DoraException : Exception
{
    internal DoraException(DoraFailure failure, string message, ErrorBody? error = null, byte[]? json = null) : base(message)
    {
        Failure = failure;
        Error = error;
        Json = json;
    }

    /// <summary>The kind of failure.</summary>
    public DoraFailure Failure { get; }

    /// <summary>The API's own error with its stable name; null if no answer came.</summary>
    public ErrorBody? Error { get; }

    /// <summary>The answer as it came; null if none did.</summary>
    public byte[]? Json { get; }
}
