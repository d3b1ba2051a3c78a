using System.Runtime.CompilerServices;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>
/// The last lines, in one block of memory of fixed size. The oldest make room for the newest.
///
/// The block is a memory file that the guard holds, so the lines outlive a syslog process that is killed. That is why
/// nothing in it is a pointer and why writing goes in an order that leaves the ring whole after every single store:
/// the start moves past the old records before they are overwritten, and the end moves last, when the new record is
/// complete. Whoever attaches later trusts only the two offsets, checks every record between them, and starts
/// empty when one does not hold. How lines come in exactly once is in LogRing.Taking.cs.
///
/// Layout: a header of 128 bytes, then records back to back, 8-aligned, none of which wraps: where the rest of the
/// block is too short, a filler record covers it; then the table of lines that go on. Offsets count bytes ever written, so they also order positions;
/// a position before the start was overtaken by the writer, and the sequence numbers tell by how many lines.
/// </summary>
internal sealed unsafe partial class LogRing
{
    public const int MaximumText = 8192;
    public const int MinimumSize = 32 * 1024;

    private const ulong Magic = 0x32474E4952444E50; // "PNDRING2"
    private const ulong MagicOfBefore = 0x31474E4952444E50; // "PNDRING1": without mark and table, else the same
    private const int HeaderSize = 128;
    private const int RecordHeaderSize = 40;

    private readonly Header* _header;
    private readonly byte* _data;
    private readonly uint _capacity;
    private long _firstSequence;

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    private struct Header
    {
        public ulong Magic, Capacity, Start, End;
        public long NextSequence, NextKernelSequence, KernelDropped;

        // What is being taken (LogRing.Taking.cs).
        public ulong SavedEnd;
        public long SavedSequence, SavedKernelDropped, Source;
        public byte State, Witness, First, After;
    }

    [System.Runtime.InteropServices.StructLayout(System.Runtime.InteropServices.LayoutKind.Sequential)]
    private struct Record
    {
        public uint Size;
        public ushort TextLength;
        public byte NameLength, Source; // source 0 is a filler, of which only the size counts
        public long Sequence, TimeUs, BootUs;
        public int Pid;
        public byte Priority, IsContinuation;
        private ushort _unused;
    }

    /// <summary>Attaches to what <paramref name="memory"/> holds, or makes it an empty ring. The memory must stay valid.</summary>
    /// <param name="memory">The block.</param>
    /// <param name="size">Its size in bytes.</param>
    /// <param name="stepped">For tests: called between every two stores and system calls; may end all by an exception.</param>
    /// <param name="rates">What <see cref="LogRates"/> works on, of its size; without it nobody has a limit.</param>
    public LogRing(byte* memory, int size, Action? stepped = null, byte* rates = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, MinimumSize);
        _stepped = stepped;
        if (rates != null) Rates = new LogRates(rates);
        _header = (Header*)memory;
        _data = memory + HeaderSize;
        _capacity = (uint)(size - HeaderSize - TableSize) & ~7u;
        Recovered = TryAttach();
        Rates?.Settle(); // of a ring that is gone, or that a syslog settled which knows of no rates
        if (Recovered) return;
        *_header = new Header { Capacity = _capacity, NextSequence = 1 };
        ClearTable();
        _header->Magic = Magic;
        _firstSequence = 1;
    }

    /// <summary>Who may write how much, and what was dropped.</summary>
    public LogRates? Rates { get; }

    /// <summary>The memory held a sound ring, which goes on.</summary>
    public bool Recovered { get; }

    public uint Capacity => _capacity;

    public long FirstSequence => _firstSequence;

    public long NextSequence => _header->NextSequence;

    /// <summary>Lines that made room for newer ones.</summary>
    public long Overwritten => _firstSequence - 1;

    /// <summary>The first sequence number of /dev/kmsg that is not yet here.</summary>
    public long NextKernelSequence
    {
        get => _header->NextKernelSequence;
        set => _header->NextKernelSequence = value;
    }

    /// <summary>Kernel lines that were overwritten in the kernel's ring before they could be read.</summary>
    public long KernelDropped
    {
        get => _header->KernelDropped;
        set => _header->KernelDropped = value;
    }

    public LogPosition Oldest => new() { Offset = _header->Start, Sequence = _firstSequence };

    public LogPosition Newest => new() { Offset = _header->End, Sequence = _header->NextSequence };

    /// <summary>Adds a line and gives it its number. A text beyond <see cref="MaximumText"/> or a name beyond 255 bytes is cut.</summary>
    public long Append(in LogEntry entry)
    {
        var name = entry.Service.Length > 255 ? entry.Service[..255] : entry.Service;
        var text = entry.Text.Length > MaximumText ? entry.Text[..MaximumText] : entry.Text;
        uint size = (uint)(RecordHeaderSize + name.Length + text.Length + 7) & ~7u;
        Step();
        ulong end = _header->End;
        uint room = _capacity - (uint)(end % _capacity);
        ulong padding = room < size ? room : 0;
        MakeRoom(padding + size);
        if (padding > 0)
        {
            var filler = At(end);
            filler->Source = 0;
            filler->Size = room;
            end += padding;
        }
        long sequence = _header->NextSequence;
        var record = At(end);
        *record = new Record
        {
            Size = size, TextLength = (ushort)text.Length, NameLength = (byte)name.Length, Source = (byte)entry.Source,
            Sequence = sequence, TimeUs = entry.TimeUs, BootUs = entry.BootUs, Pid = entry.Pid,
            Priority = entry.Priority, IsContinuation = entry.IsContinuation ? (byte)1 : (byte)0,
        };
        var bytes = new Span<byte>((byte*)record + RecordHeaderSize, name.Length + text.Length);
        name.CopyTo(bytes);
        text.CopyTo(bytes[name.Length..]);
        Step();
        // NextSequence first: a process that dies between the two leaves a gap in the numbers, never a number twice.
        Volatile.Write(ref _header->NextSequence, sequence + 1);
        Step();
        Volatile.Write(ref _header->End, end + size);
        return sequence;
    }

    /// <summary>
    /// The line at <paramref name="position"/>, which moves on; false at the end. <paramref name="lost"/> says how many
    /// lines were overwritten before this reader came to them. The entry points into the ring: use it before the next
    /// <see cref="Append"/>.
    /// </summary>
    public bool TryRead(ref LogPosition position, out LogEntry entry, out long lost)
    {
        lost = 0;
        entry = default;
        if (position.Offset < _header->Start)
        {
            lost = _firstSequence - position.Sequence;
            position = Oldest;
        }
        while (position.Offset < _header->End)
        {
            var record = At(position.Offset);
            position.Offset += record->Size;
            if (record->Source == 0) continue;
            position.Sequence = record->Sequence + 1;
            byte* bytes = (byte*)record + RecordHeaderSize;
            entry = new LogEntry
            {
                Sequence = record->Sequence, TimeUs = record->TimeUs, BootUs = record->BootUs, Pid = record->Pid,
                Priority = record->Priority, Source = (LogSource)record->Source, IsContinuation = record->IsContinuation != 0,
                Service = new ReadOnlySpan<byte>(bytes, record->NameLength),
                Text = new ReadOnlySpan<byte>(bytes + record->NameLength, record->TextLength),
            };
            return true;
        }
        return false;
    }

    /// <summary>Where the last <paramref name="lines"/> lines of <paramref name="service"/> begin (see <see cref="Matches"/>).</summary>
    public LogPosition Tail(int lines, ReadOnlySpan<byte> service)
    {
        int matching = 0;
        var position = Oldest;
        while (TryRead(ref position, out var entry, out _))
            if (Matches(service, entry.Service)) matching++;
        if (lines <= 0) return Newest;
        position = Oldest;
        while (matching > lines)
        {
            if (!TryRead(ref position, out var entry, out _)) break;
            if (Matches(service, entry.Service)) matching--;
        }
        return position;
    }

    /// <summary>Where the line behind number <paramref name="sequence"/> is; if it was overwritten, a place that tells how many were.</summary>
    public LogPosition Behind(long sequence)
    {
        if (sequence >= NextSequence - 1) return Newest;
        // Before all that is there, with the number that should come next: TryRead sees what is missing.
        if (sequence + 1 < _firstSequence) return new LogPosition { Offset = 0, Sequence = sequence + 1 };
        var position = Oldest;
        for (var next = position; next.Sequence <= sequence; position = next)
            if (!TryRead(ref next, out _, out _)) return Newest;
        return position;
    }

    /// <summary>"" asks for every line, "dhcp" for those of dhcp and of its instances dhcp@eth0 ..., "@10.0.0.7" for those of a machine, behind which its own words stand.</summary>
    public static bool Matches(ReadOnlySpan<byte> asked, ReadOnlySpan<byte> service) =>
        asked.IsEmpty
        || (service.StartsWith(asked) && (service.Length == asked.Length || service[asked.Length] is (byte)'@' or (byte)' '));

    private void MakeRoom(ulong size)
    {
        ulong start = _header->Start;
        while (_header->End + size - start > _capacity)
        {
            var record = At(start);
            if (record->Source != 0) _firstSequence = record->Sequence + 1;
            start += record->Size;
        }
        Volatile.Write(ref _header->Start, start);
    }

    private bool TryAttach()
    {
        if (_header->Magic is not (Magic or MagicOfBefore) || _header->Capacity != _capacity || _header->NextSequence < 1) return false;
        if (_header->Magic == MagicOfBefore)
        {
            _header->State = Idle;
            ClearTable();
            Volatile.Write(ref _header->Magic, Magic);
        }
        if (!IsMarkSound) return false;
        Settle();
        ulong start = _header->Start, end = _header->End;
        if (start > end || end - start > _capacity || ((start | end) & 7) != 0) return false;
        long sequence = 0;
        _firstSequence = _header->NextSequence;
        for (ulong at = start; at < end;)
        {
            uint room = (uint)Math.Min(end - at, _capacity - at % _capacity);
            var record = At(at);
            if (record->Size < 8 || record->Size > room || (record->Size & 7) != 0) return false;
            if (record->Source != 0)
            {
                if (record->Size < RecordHeaderSize || record->Source > (byte)LogSource.Remote
                    || record->Size != ((uint)(RecordHeaderSize + record->NameLength + record->TextLength + 7) & ~7u)
                    || record->TextLength > MaximumText || record->Sequence <= sequence
                    || record->Sequence >= _header->NextSequence) return false;
                if (sequence == 0) _firstSequence = record->Sequence;
                sequence = record->Sequence;
            }
            at += record->Size;
        }
        return true;
    }

    private void ClearTable() => new Span<byte>(Table, TableSize).Clear();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Record* At(ulong offset) => (Record*)(_data + offset % _capacity);
}
