using Dora.Core.Linux;
using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class GuardRecordTests
{
    [Fact]
    public void Its_size_is_part_of_the_format() => Assert.Equal(192, GuardRecord.Size);

    [Fact]
    public void A_record_and_its_descriptor_arrive_as_they_were_sent()
    {
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs).ThrowIfError("socketpair");
        using (mine)
        using (theirs)
        {
            Sys.MakeMemoryFile("x", out var file).ThrowIfError("memfd");
            using (file)
            {
                Sys.WriteAllAt(file, "content"u8, 0).ThrowIfError("pwrite");
                var record = new GuardRecord { Kind = GuardMessage.Put, Pid = 7, Code = 2, Status = -1, UserMicroseconds = 1L << 40, Name = "log-pipe:wéb" };
                GuardRecord.Send(mine, record, file).ThrowIfError("send");
            }
            GuardRecord.Receive(theirs, out var got, out var passed).ThrowIfError("receive");
            using (passed)
            {
                Assert.Equal((GuardMessage.Put, 7, 2, -1, 1L << 40, "log-pipe:wéb"), (got.Kind, got.Pid, got.Code, got.Status, got.UserMicroseconds, got.Name));
                var bytes = new byte[7];
                Sys.ReadAt(passed!, bytes, 0, out _).ThrowIfError("pread");
                Assert.Equal("content"u8.ToArray(), bytes);
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(191)]
    public void What_is_not_a_record_is_told_apart(int size)
    {
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs).ThrowIfError("socketpair");
        using (mine)
        using (theirs)
        {
            Sys.Send(mine, new byte[size], null).ThrowIfError("send");
            // A packet of no bytes looks like the end; nobody sends one.
            Assert.Equal(size == 0 ? Errno.EPIPE : Errno.EPROTO, GuardRecord.Receive(theirs, out _, out var passed));
            Assert.Null(passed);
        }
    }

    [Fact]
    public void The_longest_name_fits_and_a_longer_one_is_refused()
    {
        var record = new GuardRecord { Name = new string('n', GuardRecord.LongestName) };
        Assert.Equal(GuardRecord.LongestName, record.Name.Length);
        Assert.Throws<ArgumentException>(() => new GuardRecord { Name = new string('n', GuardRecord.LongestName + 1) });
    }

    [Fact]
    public void Sending_to_one_that_does_not_read_ends_at_the_deadline()
    {
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs).ThrowIfError("socketpair");
        using (mine)
        using (theirs)
        {
            var deadline = Sys.TimeSinceBoot() + TimeSpan.FromMilliseconds(100);
            var errno = Errno.None;
            for (int i = 0; i < 100_000 && errno == Errno.None; i++) errno = GuardRecord.SendBefore(deadline, mine, new GuardRecord());
            Assert.Equal(Errno.ETIMEDOUT, errno);
            Assert.InRange((Sys.TimeSinceBoot() - deadline).TotalSeconds, 0, 5);
        }
    }
}
