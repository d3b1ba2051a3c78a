using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Xunit;

namespace Dora.Init.Tests.Launching;

public class LaunchPlanBuilderTests
{
    private static FileDescriptor Numbered(int number) => new(number); // never opened: a plan only holds its number

    private static LaunchPlanBuilder Builder() => new("web", ["/bin/web", "-x"]);

    private static string[] Calls(LaunchPlan plan) =>
        [.. plan.Steps.Select(step => $"{step.Call}({string.Join(", ", step.Arguments.Select(argument => argument.Data is { } data ? Convert.ToHexString(data) : argument.Value.ToString()))})")];

    [Fact]
    public void The_least_is_a_session_and_nothing_inherited()
    {
        var plan = Builder().Build(asSibling: true);
        Assert.Equal(["setsid()", "close_range(3, 4294967295, 4)"], Calls(plan));
        Assert.Equal(("/bin/web", true), (plan.Program, plan.AsSibling));
        Assert.Equal(["/bin/web", "-x"], plan.Arguments);
        Assert.Equal(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], plan.Environment);
        Assert.All(plan.Steps.Where(step => step.MayFail), step => Assert.Equal(SystemCall.close_range, step.Call));
    }

    [Fact]
    public void Copies_are_made_of_the_descriptors_that_steps_name_where_that_is_asked_for()
    {
        Assert.Equal(0, Builder().StandardStreams(Numbered(200), Numbered(201), Numbered(202)).Build(asSibling: true).DescriptorsBelow);
        var builder = new LaunchPlanBuilder("web", ["/bin/web"]) { HasOnlyNamedDescriptors = true };
        Assert.Equal(3, builder.Build(asSibling: true).DescriptorsBelow);
        builder.StandardStreams(Numbered(200), Numbered(2300), Numbered(202)).Pass("notify", Numbered(205));
        Assert.Equal(2301, builder.Build(asSibling: true).DescriptorsBelow);
        Assert.Equal(211, new LaunchPlanBuilder("web", ["/bin/web"]) { HasOnlyNamedDescriptors = true }.EnterUserNamespace(Numbered(210)).Build(asSibling: true).DescriptorsBelow);
    }

    [Fact]
    public void All_of_it_comes_in_the_order_that_it_was_asked_for()
    {
        var builder = Builder().StandardStreams(Numbered(200), Numbered(201), Numbered(202))
            .ListenDescriptors([("a", Numbered(203)), ("b", Numbered(204))]);
        Assert.Equal(5, builder.Pass("notify", Numbered(205)));
        var plan = builder.Umask(0x12).Limit("nofile", 7, new ResourceLimit(1, ulong.MaxValue))
            .User("web", 33, 34, [4, 5]).Directory("/srv").Build(asSibling: true);
        Assert.Equal(
            [
                "setsid()", "dup3(200, 0, 0)", "dup3(201, 1, 0)", "dup3(202, 2, 0)", "dup3(203, 3, 0)", "dup3(204, 4, 0)", "dup3(205, 5, 0)",
                "umask(18)", "prlimit64(0, 7, 0100000000000000FFFFFFFFFFFFFFFF, 0)", "setgroups(2, 0400000005000000)",
                "setresgid(34, 34, 34)", "setresuid(33, 33, 33)", "chdir(2F73727600)", "close_range(6, 4294967295, 4)", "WritePid()",
            ], Calls(plan));
        Assert.Contains("LISTEN_FDS=2", plan.Environment);
        Assert.Contains("LISTEN_FDNAMES=a:b", plan.Environment);
        // Room for the largest pid, which the child writes over it.
        Assert.Contains(plan.Environment, variable => variable.StartsWith("LISTEN_PID=", StringComparison.Ordinal) && variable.Length >= "LISTEN_PID=4194304".Length);
    }

    [Fact]
    public void Without_sockets_there_is_nothing_to_listen_on()
    {
        var plan = Builder().ListenDescriptors([]).Build(asSibling: true);
        Assert.DoesNotContain(plan.Environment, variable => variable.StartsWith("LISTEN_", StringComparison.Ordinal));
        Assert.DoesNotContain(plan.Steps, step => step.Call == SystemCall.WritePid);
    }

    [Fact]
    public void A_terminal_is_made_the_sessions_own_and_may_refuse()
    {
        var plan = Builder().Terminal(Numbered(210), "/dev/tty1").Build(asSibling: true);
        Assert.Equal(["setsid()", "ioctl(210, 21518, 1)", "dup3(210, 0, 0)", "dup3(210, 1, 0)", "dup3(210, 2, 0)", "close_range(3, 4294967295, 4)"], Calls(plan));
        Assert.True(plan.Steps[1].MayFail);
    }

    [Fact]
    public void A_descriptor_that_placing_could_overwrite_is_refused() =>
        Assert.Throws<ArgumentException>(() => Builder().Pass("low", Numbered(LaunchPlanBuilder.SourceFloor - 1)));

    [Fact]
    public void Listening_descriptors_come_first() =>
        Assert.Throws<InvalidOperationException>(() =>
        {
            var builder = Builder();
            builder.Pass("notify", Numbered(200));
            builder.ListenDescriptors([("a", Numbered(201))]);
        });
}
