using Dora.Core.Linux;

namespace Dora.Init.Modules;

/// <summary>
/// The lines of a file, one at a time, through one small buffer: modules.alias has tens of thousands of them, and
/// none is kept. A line that does not fit the buffer is left out.
/// </summary>
internal ref struct LineReader
{
    private const int BufferBytes = 32 * 1024;

    private readonly FileDescriptor _file;
    private readonly byte[] _buffer;
    private int _start, _end;
    private bool _isAtEnd, _isSkipping;

    private LineReader(FileDescriptor file)
    {
        _file = file;
        _buffer = new byte[BufferBytes];
    }

    public static Errno Open(string path, out LineReader reader)
    {
        var errno = Sys.Open(path, Libc.O_RDONLY, 0, out var file);
        reader = errno == Errno.None ? new LineReader(file) : default;
        return errno;
    }

    /// <summary>The next line without its end, valid until the next call.</summary>
    public bool Next(out ReadOnlySpan<byte> line)
    {
        while (true)
        {
            int length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (length >= 0)
            {
                line = _buffer.AsSpan(_start, length);
                _start += length + 1;
                if (!_isSkipping) return true;
                _isSkipping = false;
                continue;
            }
            if (_isAtEnd)
            {
                line = _buffer.AsSpan(_start, _end - _start);
                _start = _end;
                return !line.IsEmpty && !_isSkipping;
            }
            Fill();
        }
    }

    private void Fill()
    {
        _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
        _end -= _start;
        _start = 0;
        if (_end == _buffer.Length)
        {
            _end = 0;
            _isSkipping = true;
        }
        _isAtEnd = Sys.Read(_file, _buffer.AsSpan(_end), out int count) != Errno.None || count == 0;
        _end += count;
    }

    public readonly void Dispose() => _file?.Dispose();
}
