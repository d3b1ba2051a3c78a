using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Syslog;
using Xunit;

namespace Dora.Init.Tests.Manager.Logging;

/// <summary>/dev/kmsg among the others; here a socket, which like it gives one record a read.</summary>
public sealed class LogKernelTests : LogFixture
{
    [Fact]
    public void Records_are_merged_in_the_order_of_their_arrival_with_the_kernels_time_and_a_gap_is_told()
    {
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var kernel, out var kmsg).ThrowIfError("socketpair");
        Sys.SetNonBlocking(kmsg).ThrowIfError("fcntl");
        SyslogThread.Call(() => Server.ReadKernel(kmsg));
        var (output, error) = Open("web");
        List<LogLine> lines;
        using (kernel)
        using (output)
        using (error)
        {
            Record(kernel, "6,100,5000000,-;first of the kernel");
            WaitForLines(2);
            Write(output, "then the service\n");
            WaitForLines(3);
            Record(kernel, "4,101,5000001,-;second\n SUBSYSTEM=usb\n DEVICE=+usb:1");
            Record(kernel, "6,101,5000001,-;second, again");
            Record(kernel, "30,102,5000002,-;pandora: a role speaks");
            Record(kernel, "nonsense");
            Record(kernel, "0,110,6000000,-;behind a gap");
            WaitForLines(7);
            lines = Query(new LogQuery("", 100, false));
        }
        Assert.Equal(["syslog started", "kernel first of the kernel", "web then the service", "kernel second", "init a role speaks",
            "syslog /dev/kmsg: 7 kernel lines were overwritten before they could be read", "kernel behind a gap"], lines.Select(line => $"{line.Service} {line.Message}"));
        Assert.Equal([5000, 5000, 5000, 6000], lines.Where(line => line.Stream == "kernel").Select(line => line.BootMs));
        Assert.Equal([6, 4, 6, 0], lines.Where(line => line.Stream == "kernel").Select(line => line.Priority));
    }

    private static void Record(FileDescriptor kernel, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + "\n");
        Sys.Write(kernel, bytes, out int count).ThrowIfError("write");
        Assert.Equal(bytes.Length, count);
    }
}
