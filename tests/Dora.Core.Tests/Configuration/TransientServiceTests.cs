using System.Text;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class TransientServiceTests
{
    private static ServiceFile Read(string text, string name = "run-1") => TransientService.Read(name, Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("""{"command":["/bin/echo","a \"b\" \\ \u00e9 \n %","/"],"environment":{"A":"1: 2","B":""},"user":"web","directory":"/tmp","start-timeout":"5s"}""")]
    [InlineData("""{ "command" : [ "/bin/echo" , "a \"b\" \\ é \n %", "\/" ], "environment": { "A": "1: 2", "B": "" }, "user": "web", "directory": "/tmp", "start-timeout": "5s" }""")]
    [InlineData("command: [/bin/echo, \"a \\\"b\\\" \\\\ é \\n %\", /]\nenvironment: {A: '1: 2', B: ''}\nuser: web\ndirectory: /tmp\nstart-timeout: 5s\n")]
    public void Json_and_yaml_say_the_same(string text)
    {
        var settings = Read(text).Settings!;
        Assert.Equal(["/bin/echo", "a \"b\" \\ é \n %", "/"], settings.Command);
        Assert.Equal([new("A", "1: 2"), new("B", "")], settings.Environment.OrderBy(pair => pair.Key));
        Assert.Equal(("run-1", "web", "/tmp", TimeSpan.FromSeconds(5)), (settings.Name, settings.User, settings.Directory, settings.StartTimeout));
    }

    [Fact]
    public void It_is_a_oneshot_that_is_started_once_and_may_take_as_long_as_it_likes()
    {
        var settings = Read("command: [/bin/sleep, '9']").Settings!;
        Assert.Equal((ServiceType.Oneshot, StartCondition.Demand, RestartCondition.Never, DurationText.Endless, "/bin/sleep 9"),
            (settings.Type, settings.Start, settings.Restart.When, settings.StartTimeout, settings.Description));
        Assert.Equal(103, Read($"command: [/bin/echo, {new string('x', 1000)}]").Settings!.Description.Length);
    }

    [Theory]
    [InlineData("", "request:1:1: the file is empty")]
    [InlineData("[]", "request:1:1: expected keys such as 'command: [/usr/bin/make]', found a list")]
    [InlineData("user: web", "request:1:1: command: is missing; name the program, such as command: [/usr/bin/make, all]")]
    [InlineData("command: make", "request:1:10: command: the program 'make' has to be absolute (begin with '/')")]
    [InlineData("command: /bin/a\nusre: web", "request:2:1: unknown key 'usre'; did you mean 'user'?")]
    [InlineData("command: /bin/a\nrestart: always", "request:2:1: restart: makes no sense for a command that is run once")]
    [InlineData("command: /bin/a\nsockets: [tcp: 1]", "request:2:1: sockets: makes no sense for a command that is run once")]
    [InlineData("""{"command":["/bin/a"],"start":"boot"}""", "request:1:23: start: makes no sense for a command that is run once")]
    public void What_makes_no_sense_is_refused_with_its_place(string text, string problem)
    {
        var file = Read(text);
        Assert.Null(file.Settings);
        Assert.Equal([problem], file.Problems.Select(p => p.ToString()));
    }

    [Fact]
    public void Name_and_length_have_limits()
    {
        Assert.StartsWith("request: 'a/b' is not the name of a service", Read("command: /bin/a", "a/b").Problems[0].ToString());
        Assert.StartsWith("request: 'a@b' is not the name of a service", Read("command: /bin/a", "a@b").Problems[0].ToString());
        Assert.Equal("request: is longer than 16384 bytes", Read($"command: [/bin/a, {new string('x', 16384)}]").Problems[0].ToString());
    }
}
