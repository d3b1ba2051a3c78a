using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.Control;

/// <summary>What the machine is made of, what runs on it, and its files.</summary>
internal interface IMachineInformation
{
    /// <summary>
    /// Starts a helper that answers on the connection. Disposing what it gives ends the helper, unless it was told to
    /// change something: that is done to its end.
    /// </summary>
    IDisposable Answer(InformationRequest request, FileDescriptor connection, Action<LentAnswer> ended);

    /// <summary>
    /// Sends a signal to a process; with <paramref name="startedMs"/> (since boot) only if it was started then, for a
    /// number may be another process by now.
    /// </summary>
    SignalOutcome Signal(int pid, int signal, long? startedMs);
}

/// <summary>A question for a helper.</summary>
/// <param name="Subject">Of MachineHelper: <c>cpu</c>, <c>process</c> ...</param>
/// <param name="Arguments">What it takes.</param>
/// <param name="Access">Of the caller: who may change things hears more, and waits for fewer.</param>
/// <param name="KeepAlive">The connection goes on behind the answer.</param>
/// <param name="IsHead">Only the head is wanted.</param>
internal sealed record InformationRequest(string Subject, IReadOnlyList<string> Arguments, Access Access, bool KeepAlive, bool IsHead)
{
    /// <summary>It changes something, and is not broken off because its client goes.</summary>
    public bool IsChange { get; init; }

    /// <summary>It reads disks, which may have to spin up first.</summary>
    public bool IsSlow { get; init; }

    /// <summary>The body of the request, if it has a meaning.</summary>
    public byte[]? Body { get; init; }
}

/// <summary>A signal that was sent, or why it was not.</summary>
internal readonly record struct SignalOutcome(ProcessSignal? Sent, int Status = 0, string Error = "", string Message = "");
