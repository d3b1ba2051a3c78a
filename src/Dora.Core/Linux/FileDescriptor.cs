namespace Dora.Core.Linux;

/// <summary>
/// An open file descriptor with exactly one owner, who disposes it. There is no finalizer: a descriptor that nobody
/// closes is a defect, and a finalizer would close it at a moment nobody chose.
/// </summary>
internal sealed class FileDescriptor(int number) : IDisposable
{
    private int _number = number;

    /// <summary>The number, for system calls; -1 once closed.</summary>
    public int Number => _number;

    public bool IsOpen => _number >= 0;

    /// <summary>Takes over another descriptor after the last was closed, for an owner that sees very many come and go.</summary>
    public void Adopt(int number)
    {
        if (IsOpen) throw new InvalidOperationException($"{this} is open");
        _number = number;
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
        // close(2): the number is free even when the call reports EINTR or EIO, so it is never repeated.
        if (_number >= 0) _ = Libc.close(Release());
    }

    public override string ToString() => $"fd {_number}";
}
