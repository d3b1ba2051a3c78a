using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>A logger that is a role of init: it is always the program that init is, and goes along with an upgrade.</summary>
public sealed class OwnLoggerTests : IDisposable
{
    private const string Own = "command: [/sbin/init, syslog]\nlogger: true\n";
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void It_is_replaced_alone_and_what_is_asked_of_it_meanwhile_waits()
    {
        _world.Add("log", Own).Add("web", "needs: [log]").Start("web");
        _world.Story.Clear();
        _world.Supervisor.ReplaceLogger();
        _world.Settle();
        Assert.Equal(["TERM log", "launch log"], _world.Story);
        Assert.True(_world.IsUp("log", "web"));
        Assert.Equal(0, _world["log"].State.Restarts);
    }

    [Fact]
    public void A_successor_that_cannot_be_launched_is_known_to_be_missing()
    {
        _world.Add("log", Own + "restart: never").Start("log");
        _world.Broken.Add("log");
        _world.Supervisor.ReplaceLogger();
        _world.Settle();
        Assert.Equal(["TERM log", "launch log", "no logger"], _world.Story.Skip(1));
        Assert.Equal(ServicePhase.Failed, _world.Phase("log"));
    }

    [Fact]
    public void One_that_dies_by_itself_is_known_to_be_missing_at_once()
    {
        _world.Add("log", Own + "restart: {when: always, delay: 1s}").Start("log").Crash("log");
        Assert.Contains("no logger", _world.Story);
        Assert.Equal(ServicePhase.Backoff, _world.Phase("log"));
    }

    [Theory]
    [InlineData("command: [/usr/sbin/syslogd, -n]\nlogger: true")]
    [InlineData("command: [/sbin/init, syslog]\nlogger: true\nroot: /srv")]
    [InlineData("command: [/sbin/init, syslog]")]
    public void Any_other_is_left_alone(string text)
    {
        _world.Add("log", text).Start("log");
        _world.Supervisor.ReplaceLogger();
        Assert.Equal(["launch log"], _world.Settle().Story);
        Assert.Null(ServiceLauncher.ProgramOf(_world["log"]));
    }

    [Fact]
    public void One_that_is_down_or_about_to_be_is_left_alone()
    {
        _world.Add("log", Own + "start: demand");
        _world.Supervisor.ReplaceLogger();
        Assert.Empty(_world.Settle().Story);
        _world.Start("log");
        _world.Supervisor.Stop(_world["log"]);
        _world.Supervisor.ReplaceLogger();
        Assert.Equal(ServicePhase.Stopped, _world.Settle().Phase("log"));
    }

    [Fact]
    public void Our_program_has_three_tries_in_a_row_and_then_the_file_is_followed()
    {
        _world.Add("log", Own + "restart: {when: always, delay: 1s, factor: 1, limit: 0}").Start("log");
        for (int failures = 0; failures < 3; failures++)
        {
            Assert.Equal(Program.OwnPath, ServiceLauncher.ProgramOf(_world["log"]));
            _world.Crash("log").Pass(1.1);
        }
        Assert.Null(ServiceLauncher.ProgramOf(_world["log"]));
    }
}
