using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Init.Relay;

/// <summary>
/// One client of a session. What it is to be sent waits in a buffer of fixed size: whoever fills it asks first
/// (<see cref="HasRoom"/>), and so a client that does not read holds up the command and not the memory.
/// </summary>
internal sealed class RelayClient(FileDescriptor connection) : IDisposable
{
    /// <summary>The most that is added at once: a frame of output, or the last words with their head.</summary>
    public const int LargestPiece = 16 * 1024;

    private const int Reserve = 1024; // for the exit, and a message
    private readonly byte[] _waiting = new byte[Replay.LongestFrames + LargestPiece + SessionFrame.HeadSize + 2 * Reserve];
    private int _start, _end;

    public FileDescriptor Connection { get; } = connection;

    public SessionFrameReader Frames { get; } = new(isFromClient: true);

    /// <summary>It has shut its side, and may still read.</summary>
    public bool HasEnded { get; set; }

    /// <summary>It is gone, or was dropped.</summary>
    public bool IsOver { get; private set; }

    /// <summary>What it sent was no frame: it gets what waits, and that is all.</summary>
    public bool IsRefused { get; set; }

    /// <summary>When it last took something, or had nothing to take.</summary>
    public TimeSpan TookAt { get; private set; } = Sys.TimeSinceBoot();

    public bool HasWaiting => _end > _start;

    public bool HasRoom => _waiting.Length - (_end - _start) >= LargestPiece + SessionFrame.HeadSize + Reserve;

    public void Add(SessionFrameType type, ReadOnlySpan<byte> content)
    {
        Span<byte> head = stackalloc byte[SessionFrame.HeadSize];
        SessionFrame.WriteHead(head, type, content.Length);
        Add(head);
        Add(content);
    }

    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (IsOver || IsRefused) return;
        if (!HasWaiting) TookAt = Sys.TimeSinceBoot();
        if (_waiting.Length - _end < bytes.Length)
        {
            _waiting.AsSpan(_start, _end - _start).CopyTo(_waiting);
            _end -= _start;
            _start = 0;
        }
        bytes.CopyTo(_waiting.AsSpan(_end));
        _end += bytes.Length;
    }

    /// <summary>Sends as much as it takes.</summary>
    public void Flush()
    {
        while (HasWaiting && !IsOver)
        {
            var errno = Sys.Write(Connection, _waiting.AsSpan(_start, _end - _start), out int count);
            if (errno == Errno.EAGAIN) return;
            if (errno != Errno.None)
            {
                Dispose();
                return;
            }
            _start += count;
            TookAt = Sys.TimeSinceBoot();
        }
        if (!HasWaiting) _start = _end = 0;
    }

    public void Dispose()
    {
        IsOver = true;
        Connection.Dispose();
    }
}
