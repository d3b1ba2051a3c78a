using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.State;

/// <summary>
/// The manager's state in a memfd that the guard keeps. It may be killed at any instruction, so a state is first
/// written whole to the slot that is not in use, and only then does one small write make that slot the current one:
/// a reader finds the old state or the new one, never a part.
/// <code>
/// 0   magic, current slot, length: 16 bytes
/// 4096 + slot x SlotSize: JSON
/// </code>
/// </summary>
internal sealed class StateFile(FileDescriptor file)
{
    private const string StoreName = "state";
    private const uint Magic = 0x444E4150; // "PAND"
    private const int HeaderSize = 16;
    private const int SlotSize = 4 << 20;
    private readonly ArrayBufferWriter<byte> _json = new(); // used again for each save: there is one behind every event
    private int _slot;

    /// <summary>The file that the last manager left, or a new one; <paramref name="saved"/> is null if there is nothing to go on from.</summary>
    public static StateFile Open(IDescriptorStore store, out SavedState? saved)
    {
        saved = null;
        if (store.Restored.TryGetValue(StoreName, out var kept))
        {
            var restored = new StateFile(kept);
            saved = restored.Read();
            return restored;
        }
        Sys.MakeMemoryFile("pandora-state", out var file).ThrowIfError("memfd_create");
        store.Put(StoreName, file);
        return new StateFile(file);
    }

    public void Write(SavedState state)
    {
        _json.ResetWrittenCount();
        JsonMapWriter.WriteTo(_json, state);
        var json = _json.WrittenSpan;
        if (json.Length > SlotSize) throw new InvalidOperationException($"state of {json.Length} bytes is larger than its slot");
        int slot = 1 - _slot;
        Sys.WriteAllAt(file, json, OffsetOf(slot)).ThrowIfError("write", "state");
        Span<byte> header = stackalloc byte[HeaderSize];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], slot);
        BinaryPrimitives.WriteInt32LittleEndian(header[8..], json.Length);
        Sys.WriteAllAt(file, header, 0).ThrowIfError("write", "state");
        _slot = slot;
    }

    private SavedState? Read()
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        if (Sys.ReadAt(file, header, 0, out int count) != Errno.None || count < HeaderSize) return null;
        int length = BinaryPrimitives.ReadInt32LittleEndian(header[8..]);
        _slot = BinaryPrimitives.ReadInt32LittleEndian(header[4..]) & 1;
        if (BinaryPrimitives.ReadUInt32LittleEndian(header) != Magic || length is <= 0 or > SlotSize) return null;
        var json = new byte[length];
        if (Sys.ReadAt(file, json, OffsetOf(_slot), out count) != Errno.None || count < length) return null;
        try
        {
            return JsonMapReader.Read<SavedState>(json);
        }
        catch (JsonException exception)
        {
            Log.Error($"manager: the saved state cannot be read: {exception.Message}");
            return null;
        }
    }

    private static long OffsetOf(int slot) => 4096 + (long)slot * SlotSize;
}
