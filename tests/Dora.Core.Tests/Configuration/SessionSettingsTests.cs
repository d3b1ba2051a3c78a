using System.Text;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class SessionSettingsTests
{
    private static ServiceFile Read(string text, ServiceSettings? target = null) => TransientService.ReadSession("exec-1", Encoding.UTF8.GetBytes(text), target);

    private static ServiceSettings Target(string more) =>
        ServiceFileReader.Read("/etc/dora/services/web.yaml", $"command: /usr/bin/web\n{more}").Settings!;

    [Theory]
    [InlineData("")]
    [InlineData(" \r\n")]
    [InlineData("{}")]
    public void Without_anything_it_is_a_shell_of_its_own(string text)
    {
        var settings = Read(text).Settings!;
        Assert.Equal((0, ServiceType.Oneshot, RestartCondition.Never, "a shell"), (settings.Command.Count, settings.Type, settings.Restart.When, settings.Description));
    }

    [Fact]
    public void A_command_may_be_one_of_path() => Assert.Equal(["ls", "-l"], Read("""{"command":["ls","-l"]}""").Settings!.Command);

    [Fact]
    public void In_a_service_it_has_what_the_process_of_that_has()
    {
        var target = Target("""
            user: www
            group: staff
            groups: [adm]
            environment: {A: '1', B: '2'}
            directory: /srv
            umask: 077
            rlimits: {nofile: 99}
            capabilities: [net_bind_service, mknod]
            ambient-capabilities: [net_bind_service]
            private-devices: true
            read-only-root: true
            root: /srv/root
            cgroup: {pids.max: 9}
            stdout: none
            seccomp: ['@system-service']
            sockets: [tcp: 80]

            """);
        var settings = Read("""{"environment":{"B":"3","C":"4"},"command":["/bin/sh"]}""", target).Settings!;
        Assert.Equal(("www", "staff", "/srv", 0x3Fu, 99ul), (settings.User, settings.Group, settings.Directory, settings.Umask, settings.ResourceLimits["nofile"].Soft));
        Assert.Equal([new("A", "1"), new("B", "3"), new("C", "4")], settings.Environment.OrderBy(pair => pair.Key));
        Assert.Equal(["adm"], settings.Process.Groups);
        Assert.Equal(CapabilityName.Mask("net_bind_service"), settings.Process.Capabilities); // what private-devices takes is not given back
        Assert.NotEqual(0ul, settings.Process.AmbientCapabilities);
        Assert.NotNull(settings.Process.SystemCalls);
        // Its surroundings are entered, not made again.
        Assert.Equal((null, false, false, null, 0, 0), (settings.Process.Root, settings.Process.ReadOnlyRoot, settings.Process.PrivateDevices, settings.Process.Output, settings.Process.Cgroup.Count, settings.Sockets.Count));
        Assert.Equal("in web: /bin/sh", settings.Description);

        var other = Read("user: root", target).Settings!;
        Assert.Equal(("root", null, 0, 0ul), (other.User, other.Group, other.Process.Groups.Count, other.Process.AmbientCapabilities));
        Assert.Equal("3", Read("environment: {B: '3'}", target).Settings!.Environment["B"]);
        Assert.Equal("2", target.Environment["B"]);
    }

    [Theory]
    [InlineData("stdin: none", "stdin: makes no sense for a session, whose streams are its client's")]
    [InlineData("tty: ttyS0", "tty: makes no sense for a session, whose streams are its client's")]
    [InlineData("type: daemon", "type: makes no sense for a command that is run once")]
    [InlineData("root: /srv", "root: makes no sense in the surroundings of web")]
    [InlineData("private-tmp: true", "private-tmp: makes no sense in the surroundings of web")]
    [InlineData("pre-start: /bin/a", "pre-start: makes no sense in the surroundings of web")]
    [InlineData("comand: ls", "unknown key 'comand'; did you mean 'command'?")]
    [InlineData("command: ./ls", "the program './ls' has to be absolute")]
    [InlineData("command: []", "command: is empty")]
    [InlineData("[]", "expected keys such as 'command: [/bin/sh]', found a list")]
    public void What_makes_no_sense_is_refused(string text, string problem)
    {
        var file = Read(text, Target(""));
        Assert.Null(file.Settings);
        Assert.Contains(problem, file.Problems[0].ToString());
    }

    [Fact]
    public void No_end_that_its_client_is_told_is_a_failure()
    {
        var ends = Read("").Settings!.Success;
        Assert.Contains(new SuccessfulEnd(false, 255), ends);
        Assert.Contains(new SuccessfulEnd(true, 2), ends);
        Assert.DoesNotContain(new SuccessfulEnd(true, 9), ends);
    }
}
