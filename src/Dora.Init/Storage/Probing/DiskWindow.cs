using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Probing;

/// <summary>A few bytes here and there of a disk, through one buffer: what lies close together is read once.</summary>
internal sealed class DiskWindow(IDiskContent disk, byte[] buffer)
{
    private const int Alignment = 4096;

    private long _start;
    private int _length;

    public long SizeBytes => disk.SizeBytes;

    /// <summary>Valid until the next call. Empty where the disk has not so much, or cannot be read.</summary>
    public ReadOnlySpan<byte> At(long offset, int length)
    {
        if (offset < 0 || length < 0 || length > buffer.Length - Alignment || offset > disk.SizeBytes - length) return default;
        if (offset < _start || offset + length > _start + _length)
        {
            _start = offset & -Alignment;
            _length = (int)Math.Min(buffer.Length, disk.SizeBytes - _start);
            if (disk.Read(_start, buffer.AsSpan(0, _length)) != Errno.None)
            {
                // One bad sector does not hide its neighbours.
                _length = (int)(offset - _start) + length;
                if (disk.Read(_start, buffer.AsSpan(0, _length)) != Errno.None) _length = 0;
            }
            if (_length == 0) return default;
        }
        return buffer.AsSpan((int)(offset - _start), length);
    }
}
