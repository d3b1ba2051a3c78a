using Dora.Init.Manager.Supervision;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>A oneshot whose work is done already (<c>unless</c>): it is up, and nothing was run for it.</summary>
public sealed class UnlessTests : IDisposable
{
    private readonly GraphWorld _world = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-unless-").FullName;

    public void Dispose()
    {
        _world.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string Key => Path.Combine(_folder, "key");

    private GraphWorld Keys(string more = "") => _world.Add("keys", $"type: oneshot\nstart: demand\nunless: {{path: {Key}}}\n{more}");

    [Fact]
    public void What_is_there_makes_it_done_without_a_process()
    {
        File.WriteAllText(Key, "secret");
        Keys().Add("web", "needs: [keys]").Boot();
        Assert.Equal("keys Done, web Running", _world.Phases("keys", "web"));
        Assert.Equal($"{Key} is there", _world["keys"].State.Reason);
        Assert.DoesNotContain(_world.Story, line => line.Contains("keys"));
        Assert.Contains($"keys: done: {Key} is there", _world.Messages);
        Assert.Equal(_world.Now, _world["keys"].State.ReadyAt);
    }

    [Fact]
    public void A_folder_is_there_too()
    {
        Directory.CreateDirectory(Key);
        Assert.Equal(Done, Keys().Start("keys").Phase("keys"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_runs_when_there_is_nothing_or_an_empty_file(bool isEmptyFile)
    {
        if (isEmptyFile) File.WriteAllText(Key, "");
        Keys().Add("web", "needs: [keys]").Boot();
        Assert.Equal("keys Starting, web Waiting", _world.Phases("keys", "web"));
        _world.Exit("keys");
        Assert.Equal("keys Done, web Running", _world.Phases("keys", "web"));
    }

    [Fact]
    public void A_link_that_leads_nowhere_is_nothing()
    {
        File.CreateSymbolicLink(Key, Path.Combine(_folder, "gone"));
        Assert.Equal(Starting, Keys().Start("keys").Phase("keys"));
    }

    [Fact]
    public void It_is_looked_at_when_it_is_its_turn_and_again_at_each_start()
    {
        Keys("after: [db]\n").Add("db", "notify: fd\nstart: demand").Add("web", "needs: [keys]\nstart: demand").Start("db", "web");
        Assert.Equal(Waiting, _world.Phase("keys"));
        File.WriteAllText(Key, "secret");
        Assert.Equal(Done, _world.Ready("db").Phase("keys"));

        File.Delete(Key);
        Assert.Equal(Starting, _world.Restart("keys").Phase("keys"));
        File.WriteAllText(Key, "secret");
        Assert.Equal(Done, _world.Exit("keys").Restart("keys").Phase("keys"));
    }

    [Fact]
    public void Neither_is_its_pre_start_run()
    {
        File.WriteAllText(Key, "secret");
        Assert.Equal(Done, Keys("pre-start: /bin/prepare\n").Start("keys").Phase("keys"));
        Assert.Empty(_world.Story);
    }

    [Fact]
    public void One_that_failed_before_is_done_once_its_work_is_there()
    {
        Keys("restart: never\n").Start("keys").Exit("keys", 1);
        Assert.Equal(Failed, _world.Phase("keys"));
        File.WriteAllText(Key, "secret");
        Assert.Equal(Done, _world.Start("keys").Phase("keys"));
        Assert.False(_world["keys"].State.IsGivenUp);
    }
}
