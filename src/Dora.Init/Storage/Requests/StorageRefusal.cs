using Dora.Core.Linux;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// Why something is not done with a disk or the storage, as the API tells it. Before the first step it is the answer;
/// behind it, the result in the last line.
/// </summary>
internal sealed class StorageRefusal(int status, string error, string message, Errno errno = Errno.None) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>Of docs/protocol.md: <c>disk.refused</c> ...</summary>
    public string Error { get; } = error;

    public Errno Errno { get; } = errno;

    public static StorageRefusal NoSuchDisk(string name) => new(404, "disk.not-found", $"{name}: there is no such disk");
}
