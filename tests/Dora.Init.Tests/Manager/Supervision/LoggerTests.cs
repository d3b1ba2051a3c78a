using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>The logger is replaced without those who need it.</summary>
public sealed class LoggerTests : IDisposable
{
    private const string Logger = "command: [/usr/lib/dora/syslog]\nlogger: true\n";
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void It_is_replaced_alone_and_what_is_asked_of_it_meanwhile_waits()
    {
        _world.Add("log", Logger).Add("web", "needs: [log]").Start("web");
        _world.Story.Clear();
        _world.Restart("log");
        Assert.Equal(["TERM log", "launch log"], _world.Story);
        Assert.True(_world.IsUp("log", "web"));
        Assert.Equal(0, _world["log"].State.Restarts);
    }

    [Fact]
    public void A_successor_that_cannot_be_launched_is_known_to_be_missing()
    {
        _world.Add("log", Logger + "restart: never").Start("log");
        _world.Broken.Add("log");
        _world.Restart("log");
        Assert.Equal(["TERM log", "launch log", "no logger"], _world.Story.Skip(1));
        Assert.Equal(ServicePhase.Failed, _world.Phase("log"));
    }

    [Fact]
    public void One_that_dies_by_itself_is_known_to_be_missing_at_once()
    {
        _world.Add("log", Logger + "restart: {when: always, delay: 1s}").Start("log").Crash("log");
        Assert.Contains("no logger", _world.Story);
        Assert.Equal(ServicePhase.Backoff, _world.Phase("log"));
    }

    [Fact]
    public void Any_other_service_takes_those_along_who_need_it()
    {
        _world.Add("log", "command: [/usr/lib/dora/syslog]").Add("web", "needs: [log]").Start("web");
        _world.Story.Clear();
        _world.Restart("log");
        Assert.Equal(["TERM web", "TERM log", "launch log", "launch web"], _world.Story);
    }
}
