using System.Buffers.Text;

namespace Dora.Syslog;

/// <summary>
/// One record of /dev/kmsg: <c>prio,sequence,microseconds,flags[,more];text</c>, a newline, and lines of
/// <c> KEY=value</c> that are not for people (Documentation/ABI/testing/dev-kmsg).
/// </summary>
internal ref struct KernelRecord
{
    public int Priority;
    public long Sequence, BootUs;

    /// <summary>A further piece of the line before.</summary>
    public bool IsContinuation;

    public ReadOnlySpan<byte> Text;

    /// <summary>Written by a process, not by the kernel, which alone uses facility 0.</summary>
    public readonly bool IsFromProcess => Priority >> 3 != 0;

    public static bool TryParse(ReadOnlySpan<byte> bytes, out KernelRecord record)
    {
        record = default;
        int semicolon = bytes.IndexOf((byte)';');
        if (semicolon < 0) return false;
        var head = bytes[..semicolon];
        if (!TakeNumber(ref head, out long priority) || priority > 8191
            || !TakeNumber(ref head, out record.Sequence) || !TakeNumber(ref head, out record.BootUs)) return false;
        record.Priority = (int)priority;
        record.IsContinuation = head is [(byte)'c', ..];
        var text = bytes[(semicolon + 1)..];
        int newline = text.IndexOf((byte)'\n');
        record.Text = newline < 0 ? text : text[..newline];
        return true;
    }

    private static bool TakeNumber(ref ReadOnlySpan<byte> head, out long value)
    {
        if (!Utf8Parser.TryParse(head, out value, out int used) || value < 0) return false;
        head = head[used..];
        if (head.IsEmpty || head[0] != (byte)',') return false;
        head = head[1..];
        return true;
    }
}
