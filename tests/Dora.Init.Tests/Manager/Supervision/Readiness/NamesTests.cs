using System.Text;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Readiness;

/// <summary>Names with limits, and whose cgroup is whose.</summary>
public class NamesTests
{
    [Fact]
    public void A_name_that_fits_is_itself_and_one_that_does_not_is_short_and_always_the_same()
    {
        Assert.Equal("web", StableName.Of("web", 60));
        string longName = new('x', 129), other = new string('x', 128) + "y";
        Assert.Equal(17, StableName.Of(longName, 60).Length);
        Assert.Equal(StableName.Of(longName, 60), StableName.Of(new string('x', 129), 60));
        Assert.NotEqual(StableName.Of(longName, 60), StableName.Of(other, 60));
    }

    [Fact]
    public void The_path_of_the_longest_name_fits_into_a_socket_address_and_the_store_name_into_a_record()
    {
        string longest = new string('s', 64) + "@" + new string('a', 64);
        Assert.InRange(Encoding.UTF8.GetByteCount(NotifySocket.PathOf(longest)), 1, 107);
        Assert.Equal("/run/dora/notify/web", NotifySocket.PathOf("web"));
        Assert.InRange($"sd_notify:{longest}".Length, 1, GuardRecord.LongestName);
        Assert.InRange($"fd:{new string('s', 60)}:1234:{new string('n', 64)}".Length, 1, GuardRecord.LongestName);
    }

    [Theory]
    [InlineData("/dora/services/web", true)]
    [InlineData("/dora/services/web/.health", true)]
    [InlineData("/dora/services/web/inner/deeper", true)]
    [InlineData("/dora/services/webb", false)]
    [InlineData("/dora/services/we", false)]
    [InlineData("/dora/services/other/dora/services/web", false)]
    [InlineData("/", false)]
    [InlineData("", false)]
    public void A_process_belongs_to_the_cgroup_it_is_in_or_below(string path, bool belongs) =>
        Assert.Equal(belongs, CgroupMembership.Contains("/dora/services/web", path));

    [Theory]
    [InlineData("0::/dora/services/web\n", "/dora/services/web")]
    [InlineData("12:pids:/x\n1:name=systemd:/y\n0::/dora/services/web (deleted)\n", "/dora/services/web")]
    [InlineData("1:name=systemd:/dora/services/web\n", "")]
    [InlineData("0::", "")]
    [InlineData("", "")]
    public void The_line_of_the_unified_hierarchy_counts(string content, string path) =>
        Assert.Equal(path, CgroupMembership.Parse(Encoding.UTF8.GetBytes(content)));

    [Theory]
    [InlineData("/", "")]
    [InlineData("/container", "/container")]
    [InlineData("/container/dora/manager", "/container")]
    [InlineData("/dora/guard", "")]
    public void The_root_of_what_is_mounted_is_where_pid_1_is(string path, string root) => Assert.Equal(root, CgroupMembership.Root(path));
}
