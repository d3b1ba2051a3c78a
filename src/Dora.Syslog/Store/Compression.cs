using System.IO.Compression;
using Dora.Core.Linux;

namespace Dora.Syslog.Store;

/// <summary>A file on its way to its compressed form, a slice at a time. Both descriptors are its own.</summary>
internal sealed class Compression : IDisposable
{
    private const int Slice = 256 * 1024;
    private readonly FileDescriptor _from;
    private readonly DescriptorStream _stream;
    private readonly GZipStream _gzip;
    private readonly byte[] _buffer = new byte[Slice];

    public Compression(StoreFile file, FileDescriptor from, FileDescriptor to)
    {
        File = file;
        _from = from;
        To = to;
        _stream = new DescriptorStream(to);
        _gzip = new GZipStream(_stream, CompressionLevel.Optimal, leaveOpen: true);
    }

    public StoreFile File { get; }

    public FileDescriptor To { get; }

    /// <summary>Compresses a slice. At the end of the file all is written.</summary>
    public Errno Step(out bool isDone)
    {
        var errno = Sys.Read(_from, _buffer, out int count);
        isDone = errno == Errno.None && count == 0;
        if (errno != Errno.None) return errno;
        try
        {
            if (isDone) _gzip.Dispose();
            else _gzip.Write(_buffer, 0, count);
            return Errno.None;
        }
        catch (LinuxException exception)
        {
            return exception.Errno;
        }
    }

    public void Dispose()
    {
        _stream.IsClosed = true; // what was not compressed to its end is deleted
        _gzip.Dispose();
        _from.Dispose();
        To.Dispose();
    }
}
