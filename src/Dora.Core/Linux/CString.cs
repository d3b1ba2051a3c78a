using System.Text;

namespace Dora.Core.Linux;

/// <summary>A NUL-terminated UTF-8 copy of a string for a system call: <c>fixed (byte* p = new CString(path))</c>.</summary>
internal readonly ref struct CString
{
    private readonly byte[] _bytes;

    public CString(string? text)
    {
        _bytes = [];
        if (text is null) return; // a null text pins as a null pointer
        // A NUL inside would silently cut the path short: another file would be meant than the one named.
        if (text.Contains('\0')) throw new ArgumentException("text holds a NUL character");
        _bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, _bytes);
    }

    public ref readonly byte GetPinnableReference()
    {
        if (_bytes.Length == 0) return ref System.Runtime.CompilerServices.Unsafe.NullRef<byte>();
        return ref _bytes[0];
    }
}
