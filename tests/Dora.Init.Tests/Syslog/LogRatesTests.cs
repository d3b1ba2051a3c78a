using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Configuration;
using Dora.Syslog;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Syslog;

public sealed unsafe class LogRatesTests : IDisposable
{
    private const long Second = 1_000_000;
    private static readonly PollLimit s_twoInASecond = new(2, TimeSpan.FromSeconds(1));
    private readonly byte* _memory = (byte*)NativeMemory.AllocZeroed(LogRates.Size);

    public void Dispose() => NativeMemory.Free(_memory);

    [Fact]
    public void A_window_begins_with_its_first_line()
    {
        var rates = new LogRates(_memory) { Usual = s_twoInASecond };
        int index = rates.For("web"u8, 0);
        Assert.Equal([true, true, false, false], new[] { 5, 6, 7, 8 }.Select(now => rates.TryTake(index, now * 100_000)));
        Assert.False(rates.IsDue(index, 15 * 100_000 - 1));
        Assert.True(rates.IsDue(index, 15 * 100_000));
        Assert.Equal(2, rates.Untold(index));
        Assert.True(rates.TryTake(index, 15 * 100_000));
    }

    [Fact]
    public void Without_a_limit_nothing_is_looked_for()
    {
        var rates = new LogRates(_memory);
        Assert.Equal(-1, rates.For("web"u8, 0));
        rates.Set("web"u8, s_twoInASecond, 0);
        Assert.True(rates.For("web"u8, 0) >= 0);
        Assert.Equal(-1, rates.For("other"u8, 0));
        rates.Set("web"u8, null, 0);
        Assert.False(rates.HasLimits);
        rates.Usual = s_twoInASecond;
        rates.Set("web"u8, PollLimit.None, 0);
        Assert.Equal(-1, rates.For("web"u8, 0));
        Assert.True(rates.For("other"u8, 0) >= 0);
    }

    [Fact]
    public void Its_own_limit_and_all_counts_are_there_for_the_next()
    {
        var rates = new LogRates(_memory);
        rates.Set("web"u8, s_twoInASecond, 0);
        int index = rates.For("web"u8, 0);
        for (int i = 0; i < 5; i++) _ = rates.TryTake(index, Second);
        var next = new LogRates(_memory);
        Assert.True(next.HasLimits && next.HasUntold);
        Assert.Equal([("web", 3L, s_twoInASecond)], next.Dropped());
        Assert.False(next.TryTake(next.For("web"u8, Second), Second + 1));
    }

    [Fact]
    public void Strangers_make_room_for_strangers_and_the_sum_of_what_they_lost_stays()
    {
        var rates = new LogRates(_memory) { Usual = s_twoInASecond };
        rates.Set("own"u8, s_twoInASecond, 0);
        long dropped = 0;
        for (int i = 0; i < 2000; i++)
        {
            long now = i * 10 * Second;
            int index = rates.For(Encoding.ASCII.GetBytes($"uid {i}"), now);
            Assert.True(index >= 0);
            for (int k = 0; k < 2 + i % 3; k++)
                if (!rates.TryTake(index, now)) dropped++;
            rates.Told(index);
        }
        Assert.Equal(dropped, rates.Dropped().Sum(entry => entry.Total));
        Assert.True(rates.For("own"u8, 0) >= 0);
        Assert.Contains(rates.Dropped(), entry => entry.Name.Length == 0 && entry.Total > 0);
    }

    [Fact]
    public void Where_all_are_busy_the_next_has_no_limit()
    {
        var rates = new LogRates(_memory) { Usual = s_twoInASecond };
        for (int i = 0; i < 256; i++) _ = rates.TryTake(rates.For(Encoding.ASCII.GetBytes($"uid {i}"), 0), 0);
        Assert.Equal(-1, rates.For("late"u8, 0));
        Assert.True(rates.For("late"u8, 2 * Second) >= 0);
    }

    [Fact]
    public void Losses_of_a_socket_are_counted_once_whichever_socket_it_is()
    {
        var rates = new LogRates(_memory);
        void Lost(uint count)
        {
            if (rates.LossesOf("udp 514"u8, count, 0) is >= 0 and var index) rates.CountLosses(index, count, 0);
        }
        Assert.Equal(-1, rates.LossesOf("udp 514"u8, 0, 0));
        Lost(5);
        Lost(5);
        rates = new LogRates(_memory);
        Lost(7);
        Assert.Equal(7, rates.Dropped().Single().Total);
        Lost(2); // another socket, which began anew
        Assert.Equal(("udp 514", 9L, PollLimit.None), rates.Dropped().Single());
        Assert.False(rates.HasLimits);
    }

    [Fact]
    public void Memory_of_something_else_is_begun_anew_and_damage_is_no_danger()
    {
        var random = new Random(3);
        var bytes = new Span<byte>(_memory, LogRates.Size);
        random.NextBytes(bytes);
        Assert.Empty(new LogRates(_memory).Dropped());
        byte[] sound = bytes.ToArray();
        byte[] name = new byte[300];
        for (int i = 0; i < Fuzz.Rounds(300); i++)
        {
            sound.CopyTo(bytes);
            for (int k = random.Next(40); k >= 0; k--) bytes[random.Next(8, random.Next(2) == 0 ? 600 : LogRates.Size)] = (byte)random.Next(256);
            var rates = new LogRates(_memory) { Usual = s_twoInASecond };
            rates.TakeBack();
            for (int k = 0; k < 50; k++)
            {
                random.NextBytes(name);
                int index = rates.For(name.AsSpan(0, random.Next(name.Length)), random.NextInt64(1L << 50));
                if (index < 0) continue;
                rates.Save(index);
                _ = rates.TryTake(index, random.NextInt64(1L << 50));
                rates.TakeBack();
                rates.Settle();
            }
            for (int k = 0; (k = rates.NextDue(k, long.MaxValue)) >= 0; k++) rates.Told(k);
            _ = rates.Dropped();
            _ = rates.HasUntold;
        }
    }
}
