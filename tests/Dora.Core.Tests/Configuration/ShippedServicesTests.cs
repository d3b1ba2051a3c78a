using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>The service files and accounts that the image ships.</summary>
public class ShippedServicesTests
{
    private static ServiceSet Load() => ServiceDirectory.Load([Repository.Find("image/rootfs/usr/lib/dora/services")!]);

    [Fact]
    public void Every_shipped_service_file_is_read_without_a_problem()
    {
        var set = Load();

        Assert.Empty(set.DirectoryProblems);
        Assert.Empty(set.NamesWithProblems.SelectMany(set.ProblemsOf).Select(problem => problem.ToString()));
        Assert.Equal(["console", "dhcp", "log-forward", "log-forwards", "mount", "mounts", "scrub", "sshd", "sshd-keys", "storage-link", "syslog"], set.Services.Keys);
    }

    [Fact]
    public void Every_account_that_a_shipped_service_names_is_in_the_image()
    {
        var users = UserDatabase.Load(Repository.Find("image/rootfs/etc/passwd")!, Repository.Find("image/rootfs/etc/group")!);

        foreach (var service in Load().Services.Values)
        {
            if (service.User is not null) Assert.NotNull(users.FindUser(service.User));
            if (service.Group is not null) Assert.NotNull(users.FindGroup(service.Group));
        }
    }
}
