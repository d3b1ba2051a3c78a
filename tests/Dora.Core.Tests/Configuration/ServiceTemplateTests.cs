using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class ServiceTemplateTests
{
    private const string Template = """
        description: DHCP on %i
        command: [/sbin/udhcpc, -i, '%i', '100%%', 'x%ix']
        for-each: wired-interface
        environment: {WHERE: 'on %i', FULL: '%%i'}
        tty: '%i'
        runtime-directory: dhcp-%i
        needs: [net]
        """;

    [Fact]
    public void Instance_has_its_argument_in_place_of_percent_i()
    {
        var instance = ServiceTemplate.Instantiate(ServiceFileReaderTests.Load(Template), "eth0");

        Assert.Equal("web@eth0", instance.Name);
        Assert.Equal("DHCP on eth0", instance.Description);
        Assert.Equal(["/sbin/udhcpc", "-i", "eth0", "100%", "xeth0x"], instance.Command);
        Assert.Equal("on eth0", instance.Environment["WHERE"]);
        Assert.Equal("%i", instance.Environment["FULL"]);
        Assert.Equal("/dev/eth0", instance.Terminal);
        Assert.Equal("dhcp-eth0", instance.RuntimeDirectory);
        Assert.Equal(["net"], instance.Needs);
        Assert.Equal(InstanceSource.None, instance.ForEach);
    }

    [Fact]
    public void An_argument_with_percent_signs_is_not_expanded_again() =>
        Assert.Equal("DHCP on %i%%", ServiceTemplate.Instantiate(ServiceFileReaderTests.Load(Template), "%i%%").Description);

    [Theory]
    [InlineData("eth0", true)]
    [InlineData("enp0s31f6.100:1", true)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("ä", false)]
    public void Arguments_that_could_leave_their_place_are_refused(string argument, bool isFine)
    {
        var template = ServiceFileReaderTests.Load(Template);

        Assert.Equal(isFine, ServiceTemplate.IsArgument(argument));
        if (!isFine) Assert.Throws<ArgumentException>(() => ServiceTemplate.Instantiate(template, argument));
        else Assert.Equal($"web@{argument}", ServiceTemplate.Instantiate(template, argument).Name);
    }

    [Fact]
    public void What_makes_it_done_is_the_instances_own()
    {
        var template = ServiceFileReaderTests.Load("command: /bin/a\ntype: oneshot\nfor-each: argument\nunless: {path: /data/%i/key}");

        Assert.Equal("/data/x/key", ServiceTemplate.Instantiate(template, "x").Unless);
        ServiceFileReaderTests.AssertProblems("command: /bin/a\ntype: oneshot\nfor-each: argument\nunless: {path: /data/%n}",
            "3:1: unless: '%n' has no meaning in a template: %i is the instance's argument, %% a percent sign");
    }

    [Fact]
    public void A_service_that_is_no_template_has_no_instances() =>
        Assert.Throws<ArgumentException>(() => ServiceTemplate.Instantiate(ServiceFileReaderTests.Load("command: /bin/a"), "x"));
}
