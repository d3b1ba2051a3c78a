namespace Dora.Core.Linux;

/// <summary>
/// An open file descriptor with exactly one owner, who disposes it. There is no finalizer: a descriptor that nobody
/// closes is a defect, and a finalizer would close it at a moment nobody chose.
/// </summary>
internal sealed class FileDescriptor(int number, bool mayLinger = false) : IDisposable
{
    private int _number = number;

    /// <summary>The number, for system calls; -1 once closed.</summary>
    public int Number => _number;

    public bool IsOpen => _number >= 0;

    /// <summary>
    /// A socket that others may write to, or whatever was passed to us: to read or to close it may close descriptors that came in messages, and
    /// must not wait for them (<see cref="InterruptTimer"/>).
    /// </summary>
    public bool MayLinger { get; private set; } = mayLinger;

    /// <summary>Takes over another descriptor, one that was received, after the last was closed, for an owner that sees very many come and go.</summary>
    public void Adopt(int number)
    {
        if (IsOpen) throw new InvalidOperationException($"{this} is open");
        _number = number;
        MayLinger = true;
    }

    /// <summary>Gives the number up to another owner; this object no longer closes it.</summary>
    public int Release()
    {
        int number = _number;
        _number = -1;
        return number;
    }

    public void Dispose()
    {
        if (_number < 0) return;
        using var timer = InterruptTimer.Arm(MayLinger);
        // close(2): the number is free even when the call reports EINTR or EIO, so it is never repeated.
        _ = Libc.close(Release());
    }

    public override string ToString() => $"fd {_number}";
}
