using Dora.Core.Linux;

namespace Dora.Syslog.Store;

/// <summary>A file, read from its beginning or written on, as the stream that compression wants; the descriptor remains the caller's. Errors are <see cref="LinuxException"/>.</summary>
internal sealed class DescriptorStream(FileDescriptor fd) : Stream
{
    private long _offset;

    /// <summary>Nothing is written any more.</summary>
    public bool IsClosed { get; set; }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        Sys.ReadAt(fd, buffer, _offset, out int count).ThrowIfError("read");
        _offset += count;
        return count;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty && !IsClosed)
        {
            Sys.Write(fd, buffer, out int count).ThrowIfError("write");
            buffer = buffer[count..];
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
