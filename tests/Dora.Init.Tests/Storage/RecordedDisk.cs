using Xunit;
using Dora.Core.Linux;
using Dora.Init.Storage.Claiming;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Tests.Storage;

/// <summary>
/// A disk in memory that remembers every write and every flush, so that the disk as it was at any moment can be made:
/// after a number of writes, in the middle of one, or with some of those missing that no flush had followed.
/// </summary>
sealed class RecordedDisk(long sizeBytes, byte fill = 0, int sectorBytes = 512) : IDiskWriter
{
    const int PageBytes = 4096;
    readonly Dictionary<long, byte[]> _pages = [];

    public readonly record struct Written(long Offset, byte[] Content, int FlushesBefore);

    public List<Written> Writes { get; } = [];
    public int Flushes { get; private set; }
    public long SizeBytes => sizeBytes;
    public int SectorBytes => sectorBytes;

    /// <summary>Fails all that comes after so many writes.</summary>
    public int FailAfter { get; set; } = int.MaxValue;

    public Errno Read(long offset, Span<byte> buffer)
    {
        if (offset < 0 || offset + buffer.Length > sizeBytes) return Errno.EIO;
        while (!buffer.IsEmpty)
        {
            int at = (int)(offset % PageBytes), length = Math.Min(buffer.Length, PageBytes - at);
            if (_pages.TryGetValue(offset / PageBytes, out var page)) page.AsSpan(at, length).CopyTo(buffer);
            else buffer[..length].Fill(fill);
            buffer = buffer[length..];
            offset += length;
        }
        return Errno.None;
    }

    public Errno Write(long offset, ReadOnlySpan<byte> content)
    {
        if (Writes.Count >= FailAfter) return Errno.EIO;
        Writes.Add(new Written(offset, content.ToArray(), Flushes));
        Apply(offset, content);
        return Errno.None;
    }

    public Errno Flush()
    {
        if (Writes.Count >= FailAfter) return Errno.EIO;
        Flushes++;
        return Errno.None;
    }

    public void Apply(long offset, ReadOnlySpan<byte> content)
    {
        Assert.True(offset >= 0 && offset + content.Length <= sizeBytes, $"written outside of the disk: {offset}, {content.Length} bytes");
        while (!content.IsEmpty)
        {
            int at = (int)(offset % PageBytes), length = Math.Min(content.Length, PageBytes - at);
            if (!_pages.TryGetValue(offset / PageBytes, out var page))
            {
                _pages.Add(offset / PageBytes, page = new byte[PageBytes]);
                page.AsSpan().Fill(fill);
            }
            content[..length].CopyTo(page.AsSpan(at));
            content = content[length..];
            offset += length;
        }
    }

    /// <summary>A disk with the same content and no history.</summary>
    public RecordedDisk Copy()
    {
        var copy = new RecordedDisk(sizeBytes, fill, sectorBytes);
        foreach (var (number, page) in _pages) copy._pages.Add(number, page.ToArray());
        return copy;
    }

    /// <summary>A larger disk that begins with this one.</summary>
    public RecordedDisk Grown(long newSize)
    {
        var copy = new RecordedDisk(newSize, fill, sectorBytes);
        foreach (var (number, page) in _pages) copy._pages.Add(number, page.ToArray());
        return copy;
    }

    /// <summary>
    /// The power goes at a write: what was flushed is there; of the writes since then any may be missing, and each may be
    /// there in part, in whole sectors.
    /// </summary>
    public static void ApplyCut(RecordedDisk to, IReadOnlyList<Written> writes, int count, Random random)
    {
        int flushes = count < writes.Count ? writes[count].FlushesBefore : int.MaxValue;
        for (int i = 0; i < count; i++)
        {
            var (offset, content, before) = writes[i];
            if (before < flushes) to.Apply(offset, content);
            else if (random.Next(4) is var fate && fate == 0) continue;
            else if (fate == 1)
            {
                for (int at = 0; at < content.Length; at += to.SectorBytes)
                    if (random.Next(2) == 0) to.Apply(offset + at, content.AsSpan(at, Math.Min(to.SectorBytes, content.Length - at)));
            }
            else to.Apply(offset, content);
        }
    }
}

/// <summary>A sparse file as the content of a claim.</summary>
sealed class SparseFile : IClaimContent, IDisposable
{
    readonly FileDescriptor _file;

    public SparseFile(string path) => Sys.Open(path, Libc.O_RDONLY, 0, out _file).ThrowIfError("open", path);

    public bool Next(long from, out long start, out long end) => Sys.NextData(_file, from, out start, out end);

    public void Read(long offset, Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            Sys.ReadAt(_file, buffer, offset, out int count).ThrowIfError("read");
            if (count == 0)
            {
                buffer.Clear();
                return;
            }
            buffer = buffer[count..];
            offset += count;
        }
    }

    public void Dispose() => _file.Dispose();
}
