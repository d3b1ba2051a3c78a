using System.Runtime.InteropServices;

namespace Dora.Init.Launching;

/// <summary>Unmanaged blocks that live as long as one launch.</summary>
internal sealed unsafe class PinnedBytes : IDisposable
{
    private readonly List<nint> _blocks = [];

    public byte* Allocate(int size)
    {
        var block = (byte*)NativeMemory.AllocZeroed((nuint)Math.Max(size, 1));
        _blocks.Add((nint)block);
        return block;
    }

    public byte* Copy(byte[] data)
    {
        byte* block = Allocate(data.Length);
        data.CopyTo(new Span<byte>(block, data.Length));
        return block;
    }

    public void Dispose()
    {
        foreach (nint block in _blocks) NativeMemory.Free((void*)block);
        _blocks.Clear();
    }
}
