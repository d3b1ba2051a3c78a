using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Manager.MachineInfo;

public class ProcessReaderTests
{
    private const string Rest = " 1 7 7 0 -1 4194560 100 0 0 0 12 34 0 0 20 5 3 0 4567 8192000 250 18446744073709551615 0 0 0";

    [Theory]
    [InlineData("sleep")]
    [InlineData("a) R (b")]
    [InlineData(")")]
    [InlineData("((")]
    [InlineData(") Z 0 0")]
    [InlineData("line\nend")]
    public void A_name_may_hold_anything(string name)
    {
        Assert.True(ProcessStat.TryParse(Encoding.UTF8.GetBytes($"42 ({name}) S{Rest}\n"), out var stat));
        Assert.Equal((42, name, "sleeping", 1, false), (stat.Pid, stat.Name, stat.StateName, stat.ParentPid, stat.IsKernel));
        Assert.Equal((46L, 5, 3, 45670L, 8192000L, 250L), (stat.CpuTicks, stat.Nice, stat.Threads, stat.StartedMs, stat.VirtualBytes, stat.RssPages));
    }

    [Theory]
    [InlineData("")]
    [InlineData("42 (x")]
    [InlineData("42 x) S 1")]
    [InlineData("(x) S 1 2 3")]
    [InlineData("42 (x) ")]
    [InlineData("42 (x) S 1 2 3")]
    [InlineData("42 (x) SLEEP 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 0 0 0 0 5 5 5")]
    public void What_is_cut_or_nonsense_is_no_process(string text) => Assert.False(ProcessStat.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Random_bytes_never_hurt()
    {
        var random = new Random(3);
        byte[] valid = Encoding.UTF8.GetBytes($"42 (name) S{Rest}\n");
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            byte[] bytes = [.. valid];
            for (int edits = random.Next(1, 6); edits > 0; edits--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = ProcessStat.TryParse(bytes.AsSpan(0, random.Next(bytes.Length + 1)), out _);
            ProcessReader.Limits(Encoding.UTF8.GetString(bytes));
        }
    }

    [Fact]
    public void Processes_of_a_tree_and_those_that_go_meanwhile()
    {
        using var root = new FakeRoot().Folder("/proc/9").Folder("/proc/self").Folder("/proc/007x")
            .Add("/proc/42/stat", $"42 (web) R{Rest}\n").Add("/proc/42/status", "Name:\tweb\nUid:\t1000\t0\t0\t0\nVmSwap:\t   8 kB\n").Add("/proc/42/cmdline", "/bin/web\0-x\0\0a b\0")
            .Add("/proc/42/cgroup", "0::/dora/services/web\n").Add("/proc/42/limits", "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 unlimited            files     \nMax nice priority         0                    0                    \n")
            .Add("/proc/42/fd/0", "").Add("/proc/42/fd/1", "").Link("/proc/42/exe", "/usr/bin/web").Link("/proc/42/cwd", "/srv")
            .Add("/proc/2/stat", "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0").Add("/proc/2/cmdline", "");
        var reader = new ProcessReader(root.Path, TimeSpan.FromSeconds(100), new DateTime(2026, 11, 21, 13, 0, 0, DateTimeKind.Utc));
        var all = reader.All();
        Assert.Equal([2, 42], all.Select(process => process.Pid));
        Assert.Equal((true, 0, (string?)null, (int?)null), (all[0].Kernel, all[0].Command.Count, all[0].Service, all[0].OpenFiles));
        var web = all[1];
        Assert.Equal(["/bin/web", "-x", "", "a b"], web.Command);
        Assert.Equal((1000, "web", "running", 8192L, 2, 460L), (web.Uid, web.Service, web.State, web.SwapBytes, web.OpenFiles, web.CpuMs));
        Assert.Equal((45670L, "2026-11-21T12:59:05.670Z"), (web.StartedAt!.BootMs, web.StartedAt.Wall));
        Assert.Equal((null, null, null, null), (web.Kernel, web.Limits, web.Executable, web.Cgroup));

        var detail = reader.One(42, inDetail: true, withSecrets: true)!;
        Assert.Equal(("/usr/bin/web", "/srv", "/dora/services/web"), (detail.Executable, detail.Directory, detail.Cgroup));
        Assert.Equal([("Max open files", 1024L, null, "files"), ("Max nice priority", 0L, 0L, null)], detail.Limits!.Select(limit => (limit.Name, limit.Soft, limit.Hard, limit.Unit)));
        Assert.Null(reader.One(42, inDetail: true, withSecrets: false)!.Executable);
        Assert.Null(reader.One(9, inDetail: true, withSecrets: true));
    }

    [Fact]
    public void The_processes_of_this_machine_can_be_read()
    {
        var own = new ProcessReader("", Sys.TimeSinceBoot(), DateTime.UtcNow).All().Single(process => process.Pid == Environment.ProcessId);
        Assert.InRange(own.RssBytes, 1 << 20, 1L << 36);
        Assert.InRange(own.OpenFiles!.Value, 3, 100_000);
        Assert.InRange(own.StartedAt!.BootMs, 0, (long)Sys.TimeSinceBoot().TotalMilliseconds);
    }

    [Fact]
    public void Ports_and_whose_they_are()
    {
        const string heading = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        using var root = new FakeRoot()
            .Add("/proc/net/tcp", heading + "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 501 1 0 100\n   1: 0100007F:1F90 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 502 1\n")
            .Add("/proc/net/tcp6", heading + "   0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 503 1\n"
                + "   1: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 504 1\n")
            .Add("/proc/net/udp", heading + "  1: 00000000:0044 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 505 2\n  2: 0A00000A:0045 0A00000B:0035 07 00000000:00000000 00:00000000 00000000     0        0 506 2\n")
            .Add("/proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000000: 00000002 00000000 00010000 0001 01 507 /run/a b.sock\n0000000000000000: 00000002 00000000 00000000 0002 01 508 @abstract\n"
                + "0000000000000000: 00000003 00000000 00000000 0001 03 509 /run/connected\n0000000000000000: 00000003 00000000 00010000 0005 01 510\nnonsense\n")
            .Add("/proc/1/stat", "1 (init) S 0" + Rest[2..]).Add("/proc/1/cgroup", "0::/\n").Link("/proc/1/fd/5", "socket:[501]").Link("/proc/1/fd/6", "socket:[503]").Link("/proc/1/fd/7", "/dev/null")
            .Add("/proc/42/stat", $"42 (web) R{Rest}\n").Add("/proc/42/cgroup", "0::/dora/services/web\n").Link("/proc/42/fd/3", "socket:[501]").Link("/proc/42/fd/4", "pipe:[507]");
        var ports = PortReader.Read(root.Path, new Dictionary<string, string> { ["503"] = "sshd", ["501"] = "wrong" });
        Assert.Equal(
        [
            "tcp 127.0.0.1:8080 web 42 web 1000", "tcp6 :::22 sshd 1 init 0", "tcp6 2001:db8::1:80    0", "udp 0.0.0.0:68    0", "unix stream /run/a b.sock   ", "unix datagram @abstract   ",
        ], ports.Select(port => port.Path is null ? $"{port.Protocol} {port.Address}:{port.Port} {port.Service} {port.Pid} {port.Program} {port.Uid}" : $"{port.Protocol} {port.Kind} {port.Path} {port.Service} {port.Pid} {port.Program}"));
    }

    [Fact]
    public void Damaged_tables_of_sockets_never_hurt()
    {
        var random = new Random(6);
        byte[] tcp = [.. "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 501 1 0 100\n"u8];
        byte[] unix = [.. "0000000000000000: 00000002 00000000 00010000 0001 01 507 /run/a b.sock\n"u8];
        for (int round = 0; round < Fuzz.Rounds(10_000); round++)
        {
            var reader = new PortReader("/nonexistent");
            foreach (var table in new[] { tcp, unix })
            {
                byte[] bytes = [.. table];
                for (int edits = random.Next(1, 6); edits > 0; edits--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                string text = Encoding.UTF8.GetString(bytes, 0, random.Next(bytes.Length + 1));
                reader.TakeIp(text, "tcp", "0A");
                reader.TakeUnix(text);
            }
            Assert.All(reader.Found, port => Assert.InRange(port.Port ?? 0, 0, 65535));
        }
    }
}
