using Dora.Init.Manager.MachineInfo;
using Dora.Init.Manager.Metrics;
using Xunit;

namespace Dora.Init.Tests.Manager;

public class MetricsTests
{
    [Fact]
    public void Samples_stand_under_their_metric_with_labels_escaped()
    {
        var text = new MetricsText();
        text.Metric("pandora_test_seconds_total", "counter", "A test.").Thousandths(1234, ("name", "a\"b\\c\nd")).Thousandths(-5).Sample(7, ("a", "1"), ("b", "2"));
        Assert.Equal("# HELP pandora_test_seconds_total A test.\n# TYPE pandora_test_seconds_total counter\n"
            + "pandora_test_seconds_total{name=\"a\\\"b\\\\c\\nd\"} 1.234\npandora_test_seconds_total -0.005\npandora_test_seconds_total{a=\"1\",b=\"2\"} 7\n", text.ToString());
    }

    [Fact]
    public void Times_of_processors_are_seconds_by_mode()
    {
        var text = new MetricsText();
        MachineMetrics.WriteProcessors(text, CpuReader.Parse("", "cpu  100 2 30 4000 5 6 7 8 9 0\ncpu0 50 1 15 2000 2 3 3 4 4 0\ncpu1 50 1 15 2000 3 3 4 4 5 0\nintr 1\n", "0.52 0.30 0.10 1/99 1234\n"));
        string lines = text.ToString();
        Assert.Contains("{mode=\"user\"} 1.000\n", lines);
        Assert.Contains("{mode=\"steal\"} 0.080\n", lines);
        Assert.Contains("pandora_cpus 2\n", lines);
        Assert.Contains("pandora_load1 0.520\n", lines);
    }

    [Fact]
    public void Traffic_and_disks_are_bytes_by_device()
    {
        var text = new MetricsText();
        MachineMetrics.WriteTraffic(text, "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes\n    lo:    111  2 0 0 0 0 0 0  222 2 0 0 0 0 0 0\n  eth0: 333 4 0 0 0 0 0 0 444 5 0 0 0 0 0 0\n");
        MachineMetrics.WriteDisks(text, "   8       0 sda 10 0 20 30 40 0 60 70 0 80 90\n   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0\n");
        Assert.Equal("""
            # HELP pandora_network_receive_bytes_total Bytes received.
            # TYPE pandora_network_receive_bytes_total counter
            pandora_network_receive_bytes_total{device="lo"} 111
            pandora_network_receive_bytes_total{device="eth0"} 333
            # HELP pandora_network_transmit_bytes_total Bytes sent.
            # TYPE pandora_network_transmit_bytes_total counter
            pandora_network_transmit_bytes_total{device="lo"} 222
            pandora_network_transmit_bytes_total{device="eth0"} 444
            # HELP pandora_disk_read_bytes_total Bytes read from disks and partitions that were ever used.
            # TYPE pandora_disk_read_bytes_total counter
            pandora_disk_read_bytes_total{device="sda"} 10240
            # HELP pandora_disk_written_bytes_total Bytes written to disks and partitions that were ever used.
            # TYPE pandora_disk_written_bytes_total counter
            pandora_disk_written_bytes_total{device="sda"} 30720

            """, text.ToString());
    }

    [Fact]
    public void Tables_that_make_no_sense_are_survived()
    {
        var random = new Random(3);
        const string letters = "cpu0123456789 :.-\n\tlo";
        for (int i = 0; i < 20_000; i++)
        {
            string junk = string.Concat(Enumerable.Range(0, random.Next(80)).Select(_ => letters[random.Next(letters.Length)]));
            var text = new MetricsText();
            MachineMetrics.WriteProcessors(text, CpuReader.Parse("", junk, junk));
            MachineMetrics.WriteTraffic(text, junk);
            MachineMetrics.WriteDisks(text, junk);
            Assert.EndsWith("\n", text.ToString());
        }
    }
}
