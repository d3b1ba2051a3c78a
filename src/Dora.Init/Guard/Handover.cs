using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>
/// What one guard leaves to the next when it executes another program in its own process (an upgrade, or itself after a
/// defect): the numbers of the descriptors that stay open, and who owes what to whom. Children, zombies and pending
/// signals stay with the process by themselves. A memfd holds it:
/// <code>
///  0 magic, format   8 executable  12 manager's pid  16 its channel  20 managers so far  24 exit told and not answered
/// 28 end  32 end is agreed  36 watchdog  40 its seconds  44, 56 nothing
/// 48 end deadline (ticks since boot; 0: none)  64 outcome to tell, its length and text: 4 + 4 + 144   216 count of entries
/// 220 entries: GuardRecord, descriptor number, 0
/// </code>
/// Numbers keep their place in all versions, as those of <see cref="GuardRecord"/> do: new ones come behind the entries'
/// count only with another format number, which an older program refuses.
/// </summary>
internal sealed class Handover
{
    public const int Format = 1;
    private const uint Magic = 0x44524755; // "UGRD"
    private const int HeaderSize = 220, TextOffset = 72, TextSize = 144, CountOffset = 216;
    private static readonly int s_entrySize = GuardRecord.Size + 8;

    /// <summary>The program to go back to, or -1.</summary>
    public int Executable { get; set; } = -1;

    public int ManagerPid { get; set; }
    public int ManagerChannel { get; set; } = -1;
    public int ManagerStarts { get; set; }
    public int ReportedPid { get; set; }
    public MachineEnd End { get; set; } = MachineEnd.PowerOff;
    public bool IsEndAgreed { get; set; }
    public TimeSpan? EndDeadline { get; set; }
    public int Watchdog { get; set; } = -1;
    public int WatchdogSeconds { get; set; }

    /// <summary>To be told to the manager: 1 done, 0 rolled back, -1 nothing.</summary>
    public int Outcome { get; set; } = -1;

    public string OutcomeText { get; set; } = "";
    public List<(GuardRecord Record, int Number)> Store { get; } = [];

    public byte[] Write()
    {
        var bytes = new byte[HeaderSize + Store.Count * s_entrySize];
        void Put(int offset, int value) => BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(offset), value);
        Put(0, unchecked((int)Magic));
        Put(4, Format);
        Put(8, Executable);
        Put(12, ManagerPid);
        Put(16, ManagerChannel);
        Put(20, ManagerStarts);
        Put(24, ReportedPid);
        Put(28, (int)End);
        Put(32, IsEndAgreed ? 1 : 0);
        Put(36, Watchdog);
        Put(40, WatchdogSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(48), EndDeadline?.Ticks ?? 0);
        Put(64, Outcome);
        var text = System.Text.Encoding.UTF8.GetBytes(OutcomeText).AsSpan();
        if (text.Length > TextSize) text = text[..TextSize];
        Put(68, text.Length);
        text.CopyTo(bytes.AsSpan(TextOffset));
        Put(CountOffset, Store.Count);
        int offset = HeaderSize;
        foreach (var (record, number) in Store)
        {
            MemoryMarshal.Write(bytes.AsSpan(offset), record);
            Put(offset + GuardRecord.Size, number);
            offset += s_entrySize;
        }
        return bytes;
    }

    /// <summary>Null for what is not one of this format.</summary>
    public static Handover? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderSize || Get(bytes, 0) != unchecked((int)Magic) || Get(bytes, 4) != Format) return null;
        int count = Get(bytes, CountOffset), length = Get(bytes, 68);
        if (count < 0 || length is < 0 or > TextSize || bytes.Length != HeaderSize + (long)count * s_entrySize) return null;
        long deadline = BinaryPrimitives.ReadInt64LittleEndian(bytes[48..]);
        var handover = new Handover
        {
            Executable = Get(bytes, 8),
            ManagerPid = Get(bytes, 12),
            ManagerChannel = Get(bytes, 16),
            ManagerStarts = Get(bytes, 20),
            ReportedPid = Get(bytes, 24),
            End = (MachineEnd)Get(bytes, 28),
            IsEndAgreed = Get(bytes, 32) != 0,
            Watchdog = Get(bytes, 36),
            WatchdogSeconds = Get(bytes, 40),
            EndDeadline = deadline == 0 ? null : new TimeSpan(deadline),
            Outcome = Get(bytes, 64),
            OutcomeText = System.Text.Encoding.UTF8.GetString(bytes.Slice(TextOffset, length)),
        };
        for (int offset = HeaderSize; offset < bytes.Length; offset += s_entrySize)
            handover.Store.Add((MemoryMarshal.Read<GuardRecord>(bytes[offset..]), Get(bytes, offset + GuardRecord.Size)));
        return handover;
    }

    private static int Get(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt32LittleEndian(bytes[offset..]);

    /// <summary>Every descriptor that has to stay open.</summary>
    private IEnumerable<int> Numbers()
    {
        if (Executable >= 0) yield return Executable;
        if (ManagerChannel >= 0) yield return ManagerChannel;
        if (Watchdog >= 0) yield return Watchdog;
        foreach (var (_, number) in Store) yield return number;
    }

    /// <summary>Executes <paramref name="program"/> in this process; comes back only when that failed.</summary>
    public Errno Execute(string program, GuardDefects defects)
    {
        var errno = Sys.MakeMemoryFile("pandora-guard", out var file);
        if (errno != Errno.None) return errno;
        using (file)
        {
            errno = Sys.WriteAllAt(file, Write(), 0);
            if (errno != Errno.None) return errno;
            _ = Sys.KeepAtExec(file.Number, true);
            foreach (int number in Numbers()) _ = Sys.KeepAtExec(number, true);
            errno = Sys.Execute(program, defects.Arguments(file.Number.ToString()), []);
            foreach (int number in Numbers()) _ = Sys.KeepAtExec(number, false);
            return errno;
        }
    }

    /// <summary>What the guard before this one left under the number that is its argument; null if that cannot be read.</summary>
    public static Handover? Take(string argument)
    {
        if (!int.TryParse(argument, out int number)) return null;
        using var file = new FileDescriptor(number);
        // By the descriptor alone: /proc may be gone.
        var bytes = new byte[16 << 10];
        int length = 0;
        while (Sys.ReadAt(file, bytes.AsSpan(length), length, out int count) == Errno.None && count > 0)
        {
            length += count;
            if (length == bytes.Length) Array.Resize(ref bytes, bytes.Length * 2);
        }
        if (Read(bytes.AsSpan(0, length)) is not { } handover) return null;
        foreach (int kept in handover.Numbers()) _ = Sys.KeepAtExec(kept, false);
        return handover;
    }
}
