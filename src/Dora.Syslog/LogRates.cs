using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Configuration;

namespace Dora.Syslog;

/// <summary>
/// How many lines whoever writes may have kept (<c>log-rate</c> of a service file, <c>rate</c> of log.yaml), and how many of them were dropped.
///
/// So many lines in a window of time, which begins with the first of them; the others are dropped and counted, and when the window is over a line
/// says how many (<see cref="LogServer"/>.Rates.cs). The table is in the memory of the ring, behind it: what was counted, and what is still
/// to be told, outlives a syslog that is killed. A dropped line is taken, and counted, exactly once, as one that is kept is: what a
/// batch does to an entry is undone with the batch (<see cref="Save"/>, <see cref="LogRing"/>.Taking.cs). A batch is of one sender, so one copy will do.
///
/// Whoever knows nothing of this table leaves it alone: it goes on where it was.
/// </summary>
internal sealed unsafe class LogRates
{
    public const int Size = (2 + Most) * EntrySize; // a head, the entries, and a copy of one

    private const int Most = 256, EntrySize = 192, LongestName = 144;
    private const ulong Magic = 0x3153455441524E50; // "PNRATES1"

    private readonly Head* _head;
    private readonly Entry* _entries;
    private PollLimit _usual;
    private int _ownLimits;

    [StructLayout(LayoutKind.Sequential, Size = EntrySize)]
    private struct Entry
    {
        public long EndUs, Untold, Total;
        public int Count, OwnCount, OwnMs;
        public byte NameLength, HasOwn; // length 0: free; HasOwn 2: of losses, and stays
        public fixed byte Name[LongestName];
    }

    [StructLayout(LayoutKind.Sequential, Size = EntrySize)]
    private struct Head
    {
        public ulong Magic;
        public long TotalOfForgotten;
        public int Saved; // the index of what was copied, plus one
    }

    /// <summary>Goes on with what <paramref name="memory"/> of <see cref="Size"/> bytes holds, or begins anew.</summary>
    public LogRates(byte* memory)
    {
        _head = (Head*)memory;
        _entries = (Entry*)(memory + EntrySize);
        if (_head->Magic != Magic || _head->Saved < 0 || _head->Saved > Most) new Span<byte>(memory, Size).Clear();
        _head->Magic = Magic;
        for (int i = 0; i <= Most; i++) // the copy too
        {
            if (_entries[i].NameLength > LongestName) _entries[i] = default;
            if (i < Most && _entries[i].NameLength > 0 && _entries[i].HasOwn == 1) _ownLimits++;
        }
    }

    /// <summary>Changes when an index of <see cref="For"/> may be another.</summary>
    public int Version { get; private set; }

    public bool HasLimits => _ownLimits > 0 || _usual.Count > 0;

    /// <summary>For all who have none of their own.</summary>
    public PollLimit Usual
    {
        get => _usual;
        set
        {
            _usual = value;
            Version++;
        }
    }

    /// <summary>Something is still to be told.</summary>
    public bool HasUntold
    {
        get
        {
            for (int i = 0; i < Most; i++)
                if (_entries[i].NameLength > 0 && _entries[i].Untold > 0) return true;
            return false;
        }
    }

    /// <summary>Its own limit; null: it has none, and the usual one holds.</summary>
    public void Set(ReadOnlySpan<byte> name, PollLimit? limit, long nowUs)
    {
        int index = Find(name);
        if (index < 0 && (limit is null || (index = Add(name, nowUs)) < 0)) return;
        ref var entry = ref _entries[index];
        _ownLimits += (limit is null ? 0 : 1) - entry.HasOwn;
        (entry.OwnCount, entry.OwnMs) = limit is { } own ? (own.Count, (int)own.Interval.TotalMilliseconds) : (0, 0);
        entry.HasOwn = limit is null ? (byte)0 : (byte)1;
        Version++;
    }

    /// <summary>Where the lines of <paramref name="name"/> are counted; -1: they have no limit.</summary>
    public int For(ReadOnlySpan<byte> name, long nowUs)
    {
        if (!HasLimits) return -1;
        int index = Find(name);
        if (index < 0) return _usual.Count == 0 ? -1 : Add(name, nowUs);
        return LimitOf(index).Count == 0 ? -1 : index;
    }

    /// <summary>Before a batch changes an entry: it is put back unless the batch stands.</summary>
    public void Save(int index)
    {
        *Copy = _entries[index];
        Volatile.Write(ref _head->Saved, index + 1);
    }

    /// <summary>The batch was taken back. May be cut short and done again.</summary>
    public void TakeBack()
    {
        if (_head->Saved > 0) _entries[_head->Saved - 1] = *Copy;
    }

    /// <summary>The batch stands, or was taken back.</summary>
    public void Settle() => Volatile.Write(ref _head->Saved, 0);

    /// <summary>One line more: false if it is one too many, which is counted.</summary>
    public bool TryTake(int index, long nowUs)
    {
        ref var entry = ref _entries[index];
        var limit = LimitOf(index);
        if (nowUs >= entry.EndUs)
        {
            entry.EndUs = nowUs + limit.Interval.Ticks / 10;
            entry.Count = 0;
        }
        if (entry.Count < limit.Count)
        {
            entry.Count++;
            return true;
        }
        Drop(index);
        return false;
    }

    /// <summary>A line that is not kept.</summary>
    public void Drop(int index)
    {
        _entries[index].Untold++;
        _entries[index].Total++;
    }

    /// <summary>Where losses of a place are counted, if there are more than are known of; else -1.</summary>
    public int LossesOf(ReadOnlySpan<byte> place, uint count, long nowUs)
    {
        int index = Find(place);
        if (index < 0 ? count == 0 : (uint)_entries[index].Count == count) return -1;
        if (index < 0 && (index = Add(place, nowUs)) >= 0) _entries[index].HasOwn = 2;
        return index;
    }

    /// <summary>So many were lost in all since the socket was made; it may be another one.</summary>
    public void CountLosses(int index, uint count, long nowUs)
    {
        ref var entry = ref _entries[index];
        uint more = count > (uint)entry.Count ? count - (uint)entry.Count : count;
        entry.Count = (int)count;
        entry.Untold += more;
        entry.Total += more;
        if (nowUs >= entry.EndUs) entry.EndUs = nowUs + 1_000_000;
    }

    /// <summary>The window is over in which lines were dropped that nobody was told of.</summary>
    public bool IsDue(int index, long nowUs) => _entries[index].Untold > 0 && nowUs >= _entries[index].EndUs;

    /// <summary>The next entry from <paramref name="index"/> on that <see cref="IsDue"/>; -1 behind the last.</summary>
    public int NextDue(int index, long nowUs)
    {
        for (; index < Most; index++)
            if (_entries[index].NameLength > 0 && IsDue(index, nowUs)) return index;
        return -1;
    }

    public long Untold(int index) => _entries[index].Untold;

    public void Told(int index) => _entries[index].Untold = 0;

    /// <summary>Whose entry it is: points into the table.</summary>
    public ReadOnlySpan<byte> NameOf(int index) => new(_entries[index].Name, _entries[index].NameLength);

    public PollLimit LimitOf(int index) =>
        _entries[index].HasOwn == 2 ? PollLimit.None : _entries[index].HasOwn == 1 ? new PollLimit(_entries[index].OwnCount, TimeSpan.FromMilliseconds(_entries[index].OwnMs)) : _usual;

    /// <summary>Dropped since boot, by whose they were; those of whom there is no entry any more have no name.</summary>
    public List<(string Name, long Total, PollLimit Limit)> Dropped()
    {
        var list = new List<(string, long, PollLimit)>();
        for (int i = 0; i < Most; i++)
            if (_entries[i].NameLength > 0 && _entries[i].Total > 0) list.Add((Encoding.UTF8.GetString(NameOf(i)), _entries[i].Total, LimitOf(i)));
        if (_head->TotalOfForgotten > 0) list.Add(("", _head->TotalOfForgotten, PollLimit.None));
        return list;
    }

    private Entry* Copy => _entries + Most;

    private int Find(ReadOnlySpan<byte> name)
    {
        name = Cut(name);
        for (int i = 0; i < Most; i++)
            if (_entries[i].NameLength == name.Length && NameOf(i).SequenceEqual(name)) return i;
        return -1;
    }

    /// <summary>In a free place, or in that of one who has not been heard of for the longest time; -1 where all others are busy.</summary>
    private int Add(ReadOnlySpan<byte> name, long nowUs)
    {
        name = Cut(name);
        if (name.IsEmpty) return -1;
        int index = -1;
        for (int i = 0; i < Most; i++)
        {
            ref var entry = ref _entries[i];
            if (entry.NameLength == 0)
            {
                index = i;
                break;
            }
            bool isIdle = entry.HasOwn == 0 && entry.Untold == 0 && nowUs >= entry.EndUs;
            // One that has dropped nothing first: of the others only the sum is kept.
            if (isIdle && (index < 0 || (entry.Total > 0, entry.EndUs).CompareTo((_entries[index].Total > 0, _entries[index].EndUs)) < 0)) index = i;
        }
        if (index < 0) return -1;
        _head->TotalOfForgotten += _entries[index].Total;
        _entries[index] = default;
        name.CopyTo(new Span<byte>(_entries[index].Name, LongestName));
        Volatile.Write(ref _entries[index].NameLength, (byte)name.Length);
        Version++;
        return index;
    }

    private static ReadOnlySpan<byte> Cut(ReadOnlySpan<byte> name) => name.Length > LongestName ? name[..LongestName] : name;
}
