using Dora.Init.Storage;
using Dora.Init.Storage.Requests;
using Xunit;

namespace Dora.Init.Tests.Storage.Requests;

public class BtrfsMembersTests
{
    [Fact]
    public void What_cannot_be_read_is_not_behind_and_has_no_errors()
    {
        Assert.Equal(-1, BtrfsMembers.Behind([]));
        Assert.Equal(-1, BtrfsMembers.Behind(["/dev/null", "/nowhere", "/proc"]));
        Assert.Equal(0, BtrfsMembers.Count("/dev/null"));
        foreach (string folder in (string[])["/proc", "/nowhere", "/dev/null"]) BtrfsMembers.Errors(folder, (path, _) => Assert.Fail(path));
    }
}
