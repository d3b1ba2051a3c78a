using System.Buffers;

namespace Dora.Core.Client;

/// <summary>Cuts a stream into lines; a line of more than 1 MiB is given out in parts.</summary>
internal sealed class LineSplitter(LineSplitter.Sink sink)
{
    public delegate void Sink(ReadOnlySpan<byte> line);

    private const int MaxLine = 1024 * 1024;
    private readonly ArrayBufferWriter<byte> _rest = new();

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        for (int end; (end = bytes.IndexOf((byte)'\n')) >= 0; bytes = bytes[(end + 1)..])
        {
            if (_rest.WrittenCount == 0)
            {
                sink(bytes[..end]);
                continue;
            }
            _rest.Write(bytes[..end]);
            Emit();
        }
        _rest.Write(bytes);
        if (_rest.WrittenCount > MaxLine) Emit();
    }

    private void Emit()
    {
        sink(_rest.WrittenSpan);
        _rest.ResetWrittenCount();
    }
}
