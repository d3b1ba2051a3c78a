using System.Runtime.InteropServices;
using System.Text;

namespace Dora.Core.Linux;

/// <summary>argv or envp in unmanaged memory: a NULL-terminated array of NUL-terminated strings, freed by Dispose.</summary>
internal sealed unsafe class CStringArray : IDisposable
{
    private byte** _pointer;

    public CStringArray(IReadOnlyList<string> strings)
    {
        int size = (strings.Count + 1) * sizeof(byte*);
        foreach (string text in strings)
        {
            if (text.Contains('\0')) throw new ArgumentException("text holds a NUL character");
            size += Encoding.UTF8.GetByteCount(text) + 1;
        }

        // One block: the pointers first, the texts behind them.
        _pointer = (byte**)NativeMemory.Alloc((nuint)size);
        byte* at = (byte*)(_pointer + strings.Count + 1);
        for (int i = 0; i < strings.Count; i++)
        {
            _pointer[i] = at;
            at += Encoding.UTF8.GetBytes(strings[i], new Span<byte>(at, Encoding.UTF8.GetByteCount(strings[i])));
            *at++ = 0;
        }
        _pointer[strings.Count] = null;
    }

    public byte** Pointer => _pointer;

    public void Dispose()
    {
        NativeMemory.Free(_pointer);
        _pointer = null;
    }
}
