using System.Buffers.Binary;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Storage.Remote;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Storage.Remote;

public class NbdServerTests
{
    const uint Ack = 1, Info = 3, Unknown = 0x80000006;

    static readonly byte[] s_greeting = [.. "NBDMAGIC"u8, .. "IHAVEOPT"u8, 0, 3];

    static byte[] Reply(uint type, params byte[] body)
    {
        var reply = new byte[20 + body.Length];
        BinaryPrimitives.WriteUInt64BigEndian(reply, 0x0003e889045565a9);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), 7);
        BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(12), type);
        BinaryPrimitives.WriteInt32BigEndian(reply.AsSpan(16), body.Length);
        body.CopyTo(reply, 20);
        return reply;
    }

    static byte[] Export(ulong bytes, ushort flags)
    {
        var body = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(body.AsSpan(2), bytes);
        BinaryPrimitives.WriteUInt16BigEndian(body.AsSpan(10), flags);
        return body;
    }

    /// <summary>A server that says this and closes.</summary>
    static (string? Problem, NbdServer.Export Export, byte[] Heard) Negotiate(string name, params byte[][] says)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var client, out var server).ThrowIfError("socketpair");
        using (client)
        using (server)
        {
            foreach (byte[] words in says) Sys.Send(server, words, null).ThrowIfError("send");
            Sys.Shutdown(server, Libc.SHUT_WR).ThrowIfError("shutdown");
            string? problem = NbdServer.Negotiate(client, name, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(5), out var export);
            Sys.Shutdown(client, Libc.SHUT_WR).ThrowIfError("shutdown");
            var heard = new byte[1024];
            _ = Sys.Read(server, heard, out int count);
            return (problem, export, heard[..count]);
        }
    }

    [Fact]
    public void An_export_is_asked_for_by_name_and_its_size_flags_and_blocks_are_taken()
    {
        var (problem, export, heard) = Negotiate("disk", s_greeting, Reply(Info, Export(1 << 30, 0x6d)), Reply(Info, [0, 3, 0, 0, 2, 0, 0, 0, 0x10, 0, 2, 0, 0, 0]), Reply(Info, [0, 99, 1, 2]), Reply(Ack));
        Assert.Null(problem);
        Assert.Equal((1UL << 30, (ushort)0x6d, 512u), (export.Bytes, export.Flags, export.BlockBytes));
        byte[] expected = [0, 0, 0, 3, .. "IHAVEOPT"u8, 0, 0, 0, 7, 0, 0, 0, 12, 0, 0, 0, 4, .. "disk"u8, 0, 1, 0, 3];
        Assert.Equal(expected, heard);
    }

    [Fact]
    public void What_a_server_refuses_is_said() => Assert.Equal("the server does not have the export 'disk': no such thing",
        Negotiate("disk", s_greeting, Reply(Unknown, Encoding.UTF8.GetBytes("no such thing"))).Problem);

    [Fact]
    public void The_default_export_has_no_name() => Assert.Equal("the server does not have the default export", Negotiate("", s_greeting, Reply(Unknown)).Problem);

    [Fact]
    public void Other_servers_are_known_for_what_they_are()
    {
        Assert.Contains("is not a server of network block devices", Negotiate("", "SSH-2.0-OpenSSH_9.2p1"u8.ToArray()).Problem);
        Assert.Contains("old form", Negotiate("", [.. "NBDMAGIC"u8, .. "IHAVEOPT"u8, 0, 0]).Problem);
        Assert.Contains("closes the connection", Negotiate("", s_greeting).Problem);
        Assert.Contains("closes the connection", Negotiate("", s_greeting, Reply(Info, Export(1, 0))[..25]).Problem);
        Assert.Equal("the export has no size", Negotiate("", s_greeting, Reply(Ack)).Problem);
        Assert.Equal("the server's answer has no end", Negotiate("", [s_greeting, .. Enumerable.Repeat(Reply(Info, [0, 9]), 70)]).Problem);
    }

    [Fact]
    public void A_server_that_says_nothing_is_not_waited_for()
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var client, out var server).ThrowIfError("socketpair");
        using (client)
        using (server)
            Assert.Equal("the server does not answer", NbdServer.Negotiate(client, "", Sys.TimeSinceBoot() + TimeSpan.FromMilliseconds(50), out _));
    }

    [Fact]
    public void Noise_ends_in_words()
    {
        var random = new Random(11);
        byte[] good = [.. s_greeting, .. Reply(Info, Export(1 << 20, 1)), .. Reply(Ack)];
        for (int round = 0; round < Fuzz.Rounds(2000); round++)
        {
            byte[] bytes = good[..random.Next(good.Length + 1)];
            for (int i = random.Next(4); i > 0 && bytes.Length > 0; i--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var (problem, export, _) = Negotiate("x", bytes);
            Assert.True(problem is { Length: > 0 } || export.Bytes > 0);
        }
    }

    [Fact]
    public void Attributes_of_the_kernel_end_where_they_end()
    {
        var random = new Random(13);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var bytes = new byte[random.Next(4, 40)];
            random.NextBytes(bytes);
            if (random.Next(2) == 0) bytes[1] = 0;
            ReadOnlySpan<byte> row = bytes;
            int before = row.Length;
            while (row.Length >= 4)
            {
                _ = NbdKernel.Next(ref row, out _);
                Assert.True(row.Length < before);
                before = row.Length;
            }
        }
    }
}
