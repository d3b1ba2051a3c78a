using System.Buffers.Binary;

namespace Dora.Init.Relay;

/// <summary>One message from the manager to a relay, with a client's descriptor beside it (SOCK_SEQPACKET, SCM_RIGHTS).</summary>
/// <param name="Rows">Of the client's terminal; 0 if it has none.</param>
/// <param name="Columns">The same.</param>
/// <param name="Rest">What the client sent behind its request.</param>
internal sealed record AttachRequest(ushort Rows, ushort Columns, byte[] Rest)
{
    private const byte Version = 1;
    private const int HeadSize = 5;

    /// <summary>What a connection of the API reads at once, and the head.</summary>
    public const int Longest = HeadSize + (16 << 10);

    public byte[] Encode()
    {
        var message = new byte[HeadSize + Rest.Length];
        message[0] = Version;
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(1), Rows);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(3), Columns);
        Rest.CopyTo(message.AsSpan(HeadSize));
        return message;
    }

    /// <summary>Null where it is none: of another version.</summary>
    public static AttachRequest? Decode(ReadOnlySpan<byte> message) => message.Length < HeadSize || message[0] != Version ? null : new AttachRequest(
        BinaryPrimitives.ReadUInt16LittleEndian(message[1..]), BinaryPrimitives.ReadUInt16LittleEndian(message[3..]), message[HeadSize..].ToArray());
}
