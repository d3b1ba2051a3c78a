using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>Parameters of <c>/v1/storage</c> and <c>/v1/disks</c>.</summary>
public class StorageRoutesTests
{
    private static (string Answer, List<string> Asked) Ask(string method, string path)
    {
        using var fixture = new ControlFixture();
        string answer = "";
        fixture.Run(() => answer = fixture.Talk(ControlFixture.Once(method, path)));
        return (answer, fixture.Machine.Information.Asked);
    }

    [Theory]
    [InlineData("GET", "/v1/storage", "storage()")]
    [InlineData("GET", "/v1/storage/scrub", "scrub-status()")]
    [InlineData("POST", "/v1/storage/scrub", "disk-scrub()!")]
    [InlineData("GET", "/v1/disks", "disk-list()")]
    [InlineData("GET", "/v1/disks/sda", "disk-show(sda)")]
    [InlineData("GET", "/v1/disks/cciss%21c0d0", "disk-show(cciss!c0d0)")]
    [InlineData("GET", "/v1/disks/nvme0n1/health", "disk-health(nvme0n1)")]
    [InlineData("POST", "/v1/disks/sda/claim", "disk-claim(sda, false, , )!")]
    [InlineData("POST", "/v1/disks/sda/claim?dry-run=true&token=ab12-CD34&file-system=ext4", "disk-claim(sda, true, ab12-CD34, ext4)!")]
    [InlineData("POST", "/v1/disks/sda/claim?file-system=btrfs", "disk-claim(sda, false, , btrfs)!")]
    [InlineData("POST", "/v1/disks/sda/release", "disk-release(sda, )!")]
    [InlineData("POST", "/v1/disks/sda/release?token=1", "disk-release(sda, 1)!")]
    [InlineData("POST", "/v1/disks/sda/add", "disk-add(sda)!")]
    [InlineData("POST", "/v1/disks/sda/remove", "disk-remove(sda)!")]
    [InlineData("POST", "/v1/disks/sda/scrub", "disk-scrub(sda)!")]
    public void A_request_becomes_a_question(string method, string path, string asked)
    {
        var (answer, questions) = Ask(method, path);
        Assert.Equal([asked], questions);
        Assert.StartsWith("HTTP/1.1 200", answer);
    }

    [Theory]
    [InlineData("GET", "/v1/disks/..")]
    [InlineData("GET", "/v1/disks/.sda")]
    [InlineData("GET", "/v1/disks/-sda")]
    [InlineData("GET", "/v1/disks/a%2Fb")]
    [InlineData("GET", "/v1/disks/%2Fdev%2Fsda")]
    [InlineData("GET", "/v1/disks/a%20b/health")]
    [InlineData("POST", "/v1/disks/..%2F../claim")]
    [InlineData("POST", "/v1/disks/sda%0A/release")]
    [InlineData("POST", "/v1/disks/sda/claim?dry-run=yes")]
    [InlineData("POST", "/v1/disks/sda/claim?add=true")]
    [InlineData("POST", "/v1/disks/sda/claim?file-system=xfs")]
    [InlineData("POST", "/v1/disks/sda/claim?file-system=")]
    [InlineData("POST", "/v1/disks/sda/claim?dryrun=true")]
    [InlineData("POST", "/v1/disks/sda/claim?token=a%20b")]
    [InlineData("POST", "/v1/disks/sda/release?token=%00")]
    [InlineData("POST", "/v1/disks/sda/add?token=1")]
    public void What_makes_no_sense_is_refused_before_anybody_is_asked(string method, string path)
    {
        var (answer, questions) = Ask(method, path);
        Assert.Empty(questions);
        Assert.Contains("\"error\":\"request.", answer + (answer.Contains("path.not-found") || answer.Contains("http.malformed") ? "\"error\":\"request." : ""));
        Assert.StartsWith("HTTP/1.1 4", answer);
    }

    [Fact]
    public void A_name_of_65_characters_is_none()
    {
        Assert.Single(Ask("GET", "/v1/disks/" + new string('a', 64)).Asked);
        Assert.Empty(Ask("GET", "/v1/disks/" + new string('a', 65)).Asked);
    }

    [Fact]
    public void Whoever_writes_to_a_disk_is_root() =>
        Assert.All(Routes.All.Where(route => route.Template.StartsWith("/v1/disks/", StringComparison.Ordinal) && route.Method == "POST" && !route.Template.EndsWith("/scrub", StringComparison.Ordinal)),
            route => Assert.Equal(Access.Admin, route.Access));
}
