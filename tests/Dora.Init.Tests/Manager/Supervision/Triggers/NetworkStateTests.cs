using System.Buffers.Binary;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Triggers;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Triggers;

public class NetworkStateTests
{
    private const uint Up = Libc.IFF_UP, Running = Libc.IFF_RUNNING, Loopback = Libc.IFF_LOOPBACK;

    [Theory]
    [InlineData(0u, 0, 0, false, false)]
    [InlineData(Up, 0, 0, false, false)]
    [InlineData(Running, 0, 0, false, false)]
    [InlineData(Up | Running, 0, 0, true, true)]
    [InlineData(Up | Running | Loopback, 0, 0, false, false)]
    [InlineData(Up | Running, 253, 0, true, false)] // an address of the link alone
    [InlineData(Up | Running, 0, 0x40, true, false)] // tentative
    [InlineData(Up | Running, 0, 0x08, true, false)] // somebody else has it
    [InlineData(Up | Running, 0, 0x80, true, true)] // permanent
    public void Link_and_address_together_say_how_the_network_is(uint flags, byte scope, byte addressFlags, bool hasCarrier, bool isUp)
    {
        var state = new NetworkState();
        Assert.False(state.Feed([.. Link(2, flags)]));
        Assert.True(state.Feed([.. Address(2, scope, addressFlags), .. Message(Libc.NLMSG_DONE, new byte[4])]));
        Assert.Equal((hasCarrier, isUp), (state.HasCarrier, state.IsUp));
    }

    [Fact]
    public void An_address_counts_only_where_there_is_a_carrier()
    {
        var state = new NetworkState();
        state.Feed([.. Link(2, Up | Running), .. Link(3, Up), .. Address(3, 0, 0)]);
        Assert.Equal((true, false), (state.HasCarrier, state.IsUp));
        state.Feed([.. Address(2, 0, 0)]);
        Assert.True(state.IsUp);
    }

    [Fact]
    public void A_refusal_ends_a_dump_and_other_messages_are_passed_over()
    {
        Assert.True(new NetworkState().Feed([.. Message(Libc.NLMSG_ERROR, new byte[20])]));
        var state = new NetworkState();
        Assert.False(state.Feed([.. Message(99, new byte[7]), .. Link(2, Up | Running)]));
        Assert.True(state.HasCarrier);
    }

    [Fact]
    public void Truncated_and_random_bytes_do_no_harm()
    {
        byte[] whole = [.. Link(2, Up | Running), .. Address(2, 0, 0), .. Message(Libc.NLMSG_DONE, new byte[4])];
        for (int length = 0; length <= whole.Length; length++) new NetworkState().Feed(whole.AsSpan(0, length));
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. whole];
            for (int n = random.Next(1, 6); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            new NetworkState().Feed(bytes);
            random.NextBytes(bytes);
            new NetworkState().Feed(bytes.AsSpan(0, random.Next(bytes.Length)));
        }
    }

    [Fact]
    public void The_kernel_of_this_machine_is_understood() => Assert.NotNull(NetworkState.Read());

    private static byte[] Link(int index, uint flags)
    {
        var body = new byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), index);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(8), flags);
        return Message(Libc.RTM_NEWLINK, body);
    }

    private static byte[] Address(int index, byte scope, byte flags)
    {
        var body = new byte[8];
        (body[0], body[1], body[2], body[3]) = (2, 24, flags, scope);
        BinaryPrimitives.WriteInt32LittleEndian(body.AsSpan(4), index);
        return Message(Libc.RTM_NEWADDR, body);
    }

    private static byte[] Message(ushort type, byte[] body)
    {
        var message = new byte[(16 + body.Length + 3) & ~3];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(16 + body.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        body.CopyTo(message, 16);
        return message;
    }
}
