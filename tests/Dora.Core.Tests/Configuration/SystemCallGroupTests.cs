using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class SystemCallGroupTests
{
    [Fact]
    public void Each_group_is_made_of_calls_that_there_are_and_adds_some()
    {
        foreach (string group in SystemCallGroup.Names) Assert.NotEmpty(Members(group));
    }

    [Fact]
    public void No_call_is_in_two_groups()
    {
        var seen = new Dictionary<int, string>();
        foreach (string group in SystemCallGroup.Names)
            if (group != "@basic")
                foreach (int call in Members(group))
                    Assert.True(seen.TryAdd(call, group), $"{call} is in {group} and {seen.GetValueOrDefault(call)}");
    }

    [Theory]
    [InlineData("@default", "execve exit exit_group rt_sigreturn rt_sigprocmask close_range mmap brk openat read write", "socket mount clone unlink setuid ptrace")]
    [InlineData("@basic", "socket clone clone3 wait4 unlink chmod shmget", "mount setuid ptrace reboot io_uring_setup unshare settimeofday bpf")]
    public void Groups_hold_what_they_promise_and_not_more(string group, string allowed, string others)
    {
        var members = Members(group);
        foreach (string call in allowed.Split(' ')) Assert.Contains(SystemCallName.Find(System.Text.Encoding.ASCII.GetBytes(call)), members);
        foreach (string call in others.Split(' ')) Assert.DoesNotContain(SystemCallName.Find(System.Text.Encoding.ASCII.GetBytes(call)), members);
    }

    [Theory]
    [InlineData("read", 0)]
    [InlineData("rseq", 334)]
    [InlineData("pidfd_send_signal", 424)]
    [InlineData("removexattrat", 466)]
    [InlineData("rea", -1)]
    [InlineData("ead", -1)]
    [InlineData("", -1)]
    [InlineData("read write", -1)]
    public void A_name_has_its_number(string name, int number) => Assert.Equal(number, SystemCallName.Find(System.Text.Encoding.ASCII.GetBytes(name)));

    private static List<int> Members(string group)
    {
        var allowed = new bool[SystemCallName.End];
        Assert.True(SystemCallGroup.Allow(group, allowed));
        return [.. Enumerable.Range(0, allowed.Length).Where(call => allowed[call])];
    }
}
