using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.Feed;

/// <summary>
/// The last events, as lines of JSON in a memory file that the guard keeps, so that a client goes on behind the event that it saw
/// last whatever became of the manager in between.
///
/// The file has two halves. Lines are appended to one of them; when it is full the other is emptied and becomes the one that is
/// written to, so between one and two halves of history are there. The rest of a half is zeros: its lines end at the first zero
/// byte. A manager may be killed at any instruction: a line whose end is missing is dropped by the next one, which empties what is
/// behind the last whole line; a half that was just emptied has no lines, and the other one goes on being full.
///
/// Ids count up by one without gaps, but where memory for a line was not to be had: how many lines a reader has missed follows from that.
/// </summary>
internal sealed class EventJournal
{
    public const int HalfSize = 64 * 1024;

    private const string StoreName = "events";
    private readonly FileDescriptor _file;
    private int _half; // the one that is written to
    private int _end;  // of its lines

    private EventJournal(FileDescriptor file) => _file = file;

    /// <summary>Id of the newest event; 0 before the first of this boot.</summary>
    public long LastId { get; private set; }

    /// <summary>Id of the oldest that is kept; one above <see cref="LastId"/> if there is none.</summary>
    public long FirstId { get; private set; } = 1;

    /// <summary>Takes up what the last manager left, or begins. <paramref name="seen"/> gets every event that is there, oldest first.</summary>
    public static EventJournal Open(IDescriptorStore store, Action<EventInfo> seen)
    {
        if (store.Restored.TryGetValue(StoreName, out var kept))
        {
            var journal = new EventJournal(kept);
            journal.TakeUp(seen);
            return journal;
        }
        Sys.MakeMemoryFile("pandora-events", out var file).ThrowIfError("memfd_create");
        store.Put(StoreName, file);
        return new EventJournal(file);
    }

    /// <summary>Adds lines, each with its line end, of which the last has the id <paramref name="lastId"/>.</summary>
    public void Append(ReadOnlySpan<byte> lines, long lastId)
    {
        // A batch that is larger than a half: its end is what is kept.
        while (lines.Length > HalfSize) lines = lines[(lines.IndexOf((byte)'\n') + 1)..];
        if (_end + lines.Length > HalfSize)
        {
            _half = 1 - _half;
            _end = 0;
            Sys.PunchHole(_file, Offset(_half), HalfSize).ThrowIfError("empty", "the journal of events");
            FirstId = IdOfFirst(Read(1 - _half), lastId + 1);
        }
        Sys.WriteAllAt(_file, lines, Offset(_half) + _end).ThrowIfError("write", "the journal of events");
        _end += lines.Length;
        LastId = lastId;
    }

    /// <summary>The lines with an id above <paramref name="after"/>, oldest first.</summary>
    public byte[] ReadBehind(long after)
    {
        byte[] older = Read(1 - _half), newer = Read(_half);
        byte[] all = [.. older, .. newer];
        int start = 0;
        while (start < all.Length && IdOf(all.AsSpan(start)) <= after) start = Array.IndexOf(all, (byte)'\n', start) + 1;
        return all[start..];
    }

    private void TakeUp(Action<EventInfo> seen)
    {
        byte[][] halves = [Read(0), Read(1)];
        long first0 = IdOfFirst(halves[0], 0), first1 = IdOfFirst(halves[1], 0);
        _half = first1 > first0 ? 1 : 0;
        _end = halves[_half].Length;
        bool isFirst = true;
        foreach (byte[] half in new[] { halves[1 - _half], halves[_half] })
            for (int start = 0; start < half.Length;)
            {
                int end = Array.IndexOf(half, (byte)'\n', start);
                if (Parse(half.AsSpan(start, end - start)) is { } info)
                {
                    if (isFirst) FirstId = info.Id;
                    isFirst = false;
                    LastId = info.Id;
                    seen(info);
                }
                start = end + 1;
            }
        if (isFirst) FirstId = LastId + 1;
        // What is left of a line that was cut; the write of the next one need not be longer.
        if (_end < HalfSize) Sys.PunchHole(_file, Offset(_half) + _end, HalfSize - _end).ThrowIfError("empty", "the journal of events");
    }

    /// <summary>The whole lines of a half.</summary>
    private byte[] Read(int half)
    {
        byte[] bytes = new byte[HalfSize];
        int length = 0;
        while (length < HalfSize)
        {
            if (Sys.ReadAt(_file, bytes.AsSpan(length), Offset(half) + length, out int count) != Errno.None || count == 0) break;
            length += count;
        }
        int zero = Array.IndexOf(bytes, (byte)0, 0, length);
        if (zero >= 0) length = zero;
        return bytes[..(bytes.AsSpan(0, length).LastIndexOf((byte)'\n') + 1)];
    }

    private static long IdOfFirst(byte[] half, long none) =>
        half.Length > 0 && Parse(half.AsSpan(0, Array.IndexOf(half, (byte)'\n'))) is { } info ? info.Id : none;

    /// <summary>Every line of ours begins with it; 0 for any other.</summary>
    private static long IdOf(ReadOnlySpan<byte> line)
    {
        var beginning = "{\"id\":"u8;
        return line.StartsWith(beginning) && System.Buffers.Text.Utf8Parser.TryParse(line[beginning.Length..], out long id, out _) ? id : 0;
    }

    private static EventInfo? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonMapReader.Read<EventInfo>(line);
        }
        catch (JsonException)
        {
            return null; // of another version of init; its id is missing, and nothing else
        }
    }

    private static long Offset(int half) => (long)half * HalfSize;
}
