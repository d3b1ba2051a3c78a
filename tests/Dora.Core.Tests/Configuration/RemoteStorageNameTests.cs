using Dora.Core.Configuration;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class RemoteStorageNameTests
{
    [Theory]
    [InlineData("nfs:10.0.2.2:/srv/pandora", "Nfs", "10.0.2.2", 2049, "/srv/pandora")]
    [InlineData("nfs:files.example.org:20490:/", "Nfs", "files.example.org", 20490, "/")]
    [InlineData("nfs:[2001:db8::1]:/a:b", "Nfs", "2001:db8::1", 2049, "/a:b")]
    [InlineData("nfs:[::1]:2050:/x", "Nfs", "::1", 2050, "/x")]
    [InlineData("nbd:10.0.2.2", "Nbd", "10.0.2.2", 10809, "")]
    [InlineData("nbd:10.0.2.2/disk", "Nbd", "10.0.2.2", 10809, "disk")]
    [InlineData("nbd:nas:1234/a/b", "Nbd", "nas", 1234, "a/b")]
    [InlineData("nbd:[fe80::1]:1234", "Nbd", "fe80::1", 1234, "")]
    [InlineData("virtiofs:data", "VirtioFs", "", 0, "data")]
    [InlineData("9p:host_share", "NineP", "", 0, "host_share")]
    [InlineData("iscsi:10.0.2.2/iqn.2026-11.org.example:disk1", "Iscsi", "10.0.2.2", 3260, "iqn.2026-11.org.example:disk1")]
    [InlineData("iscsi:nas:3261/iqn.2000-01.com.synology:NAS.Target-1/7", "Iscsi", "nas", 3261, "iqn.2000-01.com.synology:NAS.Target-1", 7)]
    [InlineData("iscsi:[::1]/naa.5000c5001234567/255", "Iscsi", "::1", 3260, "naa.5000c5001234567", 255)]
    public void A_place_is_taken_apart_and_written_again(string text, string kind, string server, int port, string path, int lun = 0)
    {
        Assert.True(RemoteStorageName.IsMeant(text));
        Assert.True(RemoteStorageName.TryParse(text, out var name, out string problem), problem);
        Assert.Equal((kind, server, port, path, lun), (name.Kind.ToString(), name.Server, name.Port, name.Path, name.Lun));
        Assert.True(RemoteStorageName.TryParse(name.ToString(), out var again, out _));
        Assert.Equal((name.Kind, name.Server, name.Port, name.Path, name.Lun), (again.Kind, again.Server, again.Port, again.Path, again.Lun));
    }

    [Fact]
    public void What_is_usual_is_left_out_of_the_text() => Assert.Equal(
        ["nfs:a:/x", "nbd:a/x", "nbd:[::1]", "iscsi:a/iqn.x", "virtiofs:t"],
        new[] { "nfs:a:2049:/x", "nbd:a:10809/x", "nbd:[::1]:10809", "iscsi:a:3260/iqn.x/0", "virtiofs:t" }
            .Select(text => RemoteStorageName.TryParse(text, out var name, out string problem) ? name.ToString() : problem));

    [Theory]
    [InlineData("nfs:", "the server is missing")]
    [InlineData("nfs::/x", "the server is missing")]
    [InlineData("nfs:server", "the path of the export is missing")]
    [InlineData("nfs:server:export", "the path of the export is missing")]
    [InlineData("nfs:server/export", "the path of the export is missing")]
    [InlineData("nfs:10.0.0.256:/x", "10.0.0.256 is not an address")]
    [InlineData("nfs:10.0.2:/x", "10.0.2 is not an address")]
    [InlineData("nfs:2001:db8::1:/x", "goes in brackets")]
    [InlineData("nbd:fe80::1", "goes in brackets")]
    [InlineData("nbd:::1/x", "the server is missing")]
    [InlineData("nfs:[2001:db8::1:/x", "the bracket of the address is not closed")]
    [InlineData("nfs:[10.0.0.1]:/x", "[10.0.0.1] is not an address of IPv6")]
    [InlineData("nbd:[fe80::1%eth0]", "is not an address of IPv6")]
    [InlineData("nbd:server:0", "0 is not a port")]
    [InlineData("nbd:server:65536/x", "65536 is not a port")]
    [InlineData("nbd:server:port", "neither :PORT nor /NAME")]
    [InlineData("nbd:server:10809x", "neither :PORT nor /NAME")]
    [InlineData("nbd:-server", "'-server' is not the name of a server")]
    [InlineData("nbd:my server", "'my server' is not the name of a server")]
    [InlineData("nbd:a..b", "'a..b' is not the name of a server")]
    [InlineData("virtiofs:", "the tag")]
    [InlineData("virtiofs:a b", "a tag has no blanks")]
    [InlineData("9p:a,b", "a tag has no blanks, no commas")]
    [InlineData("virtiofs:0123456789012345678901234567890123456", "a tag has at most 36 characters")]
    [InlineData("9p:01234567890123456789012345678901", "a tag has at most 31 characters")]
    [InlineData("nbd:server/a\nb", "has a character in it")]
    [InlineData("iscsi:server", "the name of the target is missing")]
    [InlineData("iscsi:server:iqn.2026-11.org.example:disk1", "the name of the target is missing")]
    [InlineData("iscsi:server/disk1", "'disk1' is not the name of a target")]
    [InlineData("iscsi:server/iqn.", "'iqn.' is not the name of a target")]
    [InlineData("iscsi:server/iqn.a_b", "'iqn.a_b' is not the name of a target")]
    [InlineData("iscsi:server/iqn.2026-11.org.example:disk1/", "'' is not the number of a disk")]
    [InlineData("iscsi:server/iqn.2026-11.org.example:disk1/256", "'256' is not the number of a disk")]
    [InlineData("iscsi:server/iqn.2026-11.org.example:disk1/1/2", "'1/2' is not the number of a disk")]
    [InlineData("iscsi:iqn.2026-11.org.example:disk1", "the name of the target is missing")]
    [InlineData("smb:server/share", "is not one of nfs:")]
    [InlineData("NFS:server:/x", "is not one of nfs:")]
    [InlineData("", "is not one of nfs:")]
    public void What_is_wrong_is_said(string text, string expected)
    {
        Assert.False(RemoteStorageName.TryParse(text, out _, out string problem));
        Assert.Contains(expected, problem);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("none")]
    [InlineData("/dev/vda")]
    [InlineData("nfs")]
    [InlineData("S3CRET:nfs:x")]
    public void Serial_numbers_and_words_are_not_meant_as_remote_places(string text) => Assert.False(RemoteStorageName.IsMeant(text));

    [Fact]
    public void Too_long_is_refused() => Assert.False(RemoteStorageName.TryParse("nfs:server:/" + new string('x', 2000), out _, out _));

    [Fact]
    public void Noise_never_throws_and_what_is_taken_can_be_written_and_read_again()
    {
        var random = new Random(20261121);
        string[] seeds = ["nfs:10.0.2.2:/srv", "nbd:[2001:db8::1]:1/x", "iscsi:a:1/iqn.b:c/2", "virtiofs:tag", "9p:tag"];
        const string Signs = ":/[].,%-_ 0129afz\0\n\u00e4\ud800";
        int taken = 0;
        for (int round = 0; round < Fuzz.Rounds(50_000); round++)
        {
            var text = seeds[random.Next(seeds.Length)].ToList();
            for (int i = random.Next(5); i >= 0; i--)
            {
                int at = random.Next(text.Count + 1);
                if (random.Next(2) == 0 || at == text.Count) text.Insert(at, Signs[random.Next(Signs.Length)]);
                else text.RemoveAt(at);
            }
            string word = new(text.ToArray());
            bool isName = RemoteStorageName.TryParse(word, out var name, out string problem);
            Assert.Equal(isName, problem.Length == 0);
            if (!isName) continue;
            taken++;
            Assert.True(RemoteStorageName.TryParse(name.ToString(), out var again, out problem), $"{word} -> {name}: {problem}");
            Assert.Equal(name.ToString(), again.ToString());
        }
        Assert.True(taken > 1000);
    }
}
