namespace Dora.Core.Protocol;

/// <summary>Why a request cannot be read: the status that answers it, and the cause in words.</summary>
internal sealed record HttpError(int Status, string Message);
