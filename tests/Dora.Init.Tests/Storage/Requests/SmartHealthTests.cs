using System.Text;
using Dora.Core.Protocol.Storage;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;
using Xunit;

namespace Dora.Init.Tests.Storage.Requests;

/// <summary>Answers in the form that smartctl(8) gives them.</summary>
public class SmartHealthTests
{
    private const string Ata = """
        {"json_format_version":[1,0],"smartctl":{"version":[7,3],"exit_status":0},"smart_status":{"passed":true},"temperature":{"current":34},"power_on_time":{"hours":12345,"minutes":3},"power_cycle_count":17,
        "ata_smart_attributes":{"revision":16,"table":[{"id":1,"raw":{"value":99}},{"id":5,"name":"Reallocated_Sector_Ct","raw":{"value":8,"string":"8"}},{"id":197,"raw":{"value":2}},{"id":198,"raw":{"value":1}}]}}
        """;

    private static DiskHealth Parse(string json) => SmartHealth.Parse("sda", Encoding.UTF8.GetBytes(json));

    [Fact]
    public void Of_an_ata_disk_the_attributes_that_tell_of_its_end()
    {
        var health = Parse(Ata);
        Assert.Equal((true, 34, 12345, 17), (health.Passed, health.Celsius, health.PowerOnHours, health.PowerCycles));
        Assert.Equal((8, 2, 1, (long?)null), (health.ReallocatedSectors, health.PendingSectors, health.MediaErrors, health.WearPercent));
        Assert.Null(health.Reason);
    }

    [Fact]
    public void Of_flash_its_wear()
    {
        var health = Parse("""{"smart_status":{"passed":false},"nvme_smart_health_information_log":{"percentage_used":104,"media_errors":3},"temperature":{"current":70}}""");
        Assert.Equal((false, 104, 3, 70), (health.Passed, health.WearPercent, health.MediaErrors, health.Celsius));
    }

    [Theory]
    [InlineData("""{"smartctl":{"messages":[{"string":"/dev/vda: Unable to detect device type","severity":"error"}]}}""", "/dev/vda: Unable to detect device type")]
    [InlineData("{}", "the disk says nothing of its health")]
    [InlineData("[1]", "the disk says nothing of its health")]
    [InlineData("""{"smart_status":true,"smartctl":[],"temperature":"hot","ata_smart_attributes":{"table":{"id":5}}}""", "the disk says nothing of its health")]
    public void A_disk_that_says_nothing_has_a_reason(string json, string reason)
    {
        var health = Parse(json);
        Assert.Equal((null, reason), (health.Passed, health.Reason));
    }

    [Fact]
    public void Nonsense_has_a_reason_and_is_no_defect()
    {
        Assert.Contains("smartctl: its answer cannot be read", Parse("smartctl 7.3: bad").Reason);
        var random = new Random(20261121);
        byte[] good = Encoding.UTF8.GetBytes(Ata);
        for (int i = 0; i < 5000; i++)
        {
            byte[] bytes = good[..random.Next(good.Length + 1)];
            for (int n = random.Next(8); n > 0 && bytes.Length > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Assert.Equal("sda", SmartHealth.Parse("sda", bytes).Name);
        }
    }
}
