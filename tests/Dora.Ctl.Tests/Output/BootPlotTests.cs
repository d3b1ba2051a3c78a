using System.Text;
using System.Xml.Linq;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests.Output;

public class BootPlotTests
{
    private static BootReport Sample() => JsonMapReader.Read<BootReport>(File.ReadAllBytes(Repository.File("tests/Dora.Ctl.Tests/Fixtures/boot.json")));

    [Fact]
    public void The_picture_in_the_documentation_is_what_dora_draws() =>
        Snapshot.Check("docs/transcripts/boot.svg", BootPlot.Draw(Sample(), "Boot of pandora: pandora 0.1.0, kernel 6.1.0"));

    [Fact]
    public void The_chain_goes_from_what_was_ready_last_to_what_it_waited_for() =>
        Assert.Equal(["syslog", "db", "migrate", "web"], BootPath.Of(Sample()).Select(service => service.Name));

    [Fact]
    public void A_template_stands_for_its_instances()
    {
        var boot = new BootReport { Services = [new("dhcp@eth0", 1, 50, "running"), new("dhcp2", 1, 60, "running"), new("web", 70, 80, "running", ["dhcp"])] };
        Assert.Equal(["dhcp@eth0", "web"], BootPath.Of(boot).Select(service => service.Name));
    }

    [Fact]
    public void What_came_too_late_has_determined_nothing()
    {
        var boot = new BootReport { Services = [new("slow", 1, 90, "running"), new("early", 1, 20, "running"), new("web", 70, 95, "running", ["slow", "early"])] };
        Assert.Equal(["early", "web"], BootPath.Of(boot).Select(service => service.Name));
    }

    [Fact]
    public void A_circle_ends()
    {
        var boot = new BootReport { Services = [new("a", 5, 5, "running", ["b"]), new("b", 5, 5, "running", ["a"])] };
        Assert.Equal(2, BootPath.Of(boot).Count);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"stages":[{"name":"k","phase":"kernel"}],"services":[{"name":"a"}],"readyMs":0}""")]
    [InlineData("""{"stages":[{"name":"<b>&\"'","phase":"x<","startMs":9,"endMs":1,"detail":"\u001b[2J\uffff\ud83d\ude00"}],"services":[{"name":"</svg>","startedMs":5,"readyMs":1,"state":"]]>"}],"readyMs":7}""")]
    [InlineData("""{"services":[{"name":"a","startedMs":86400000,"readyMs":9000000000,"state":"running"}]}""")]
    public void Whatever_the_report_says_it_is_a_picture(string json)
    {
        string svg = BootPlot.Draw(JsonMapReader.Read<BootReport>(Encoding.UTF8.GetBytes(json)), "<&>");
        var root = XDocument.Parse(svg).Root!;
        Assert.Equal("svg", root.Name.LocalName);
        Assert.InRange(root.Descendants().Count(), 3, 100);
    }
}
