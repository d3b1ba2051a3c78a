using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary><c>ready: {file: ...}</c> where a file of an earlier run is there: whichever manager looks, it is not taken for a new one.</summary>
public sealed class FileMarkTests : IDisposable
{
    private readonly string _file = Path.Combine(Path.GetTempPath(), $"pandora-mark-{Guid.NewGuid():N}");
    private readonly GraphWorld _world = new();

    public void Dispose()
    {
        _world.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("")]
    [InlineData("pre-start: [/bin/prepare]\n")]
    public void What_is_there_already_is_saved_before_the_launch(string text)
    {
        File.WriteAllText(_file, "an earlier run");
        var saved = SaveInto(_world);
        _world.Add("web", $"{text}ready: {{file: {_file}}}").Start("web");
        if (text.Length > 0) _world.EndHelper("web");
        Assert.Equal(["save", "launch web"], _world.Story.Where(line => !line.StartsWith("PreStart")));
        var state = Assert.Single(saved().Services).State;
        Assert.Equal((ServicePhase.Starting, 0), (state.Phase, state.Pid));
        Assert.Equal(_world["web"].State.FileMark, state.FileMark);
        Assert.NotNull(state.FileMark);
    }

    [Fact]
    public void Without_a_file_nothing_has_to_be_saved()
    {
        SaveInto(_world);
        _world.Add("web", $"ready: {{file: {_file}}}").Start("web");
        Assert.Equal(["launch web"], _world.Story);
    }

    [Fact]
    public void A_launch_that_was_announced_and_did_not_follow_is_made_up_for()
    {
        File.WriteAllText(_file, "an earlier run");
        var saved = SaveInto(_world);
        _world.Add("web", $"restart: never\nready: {{file: {_file}}}").Start("web");
        var state = saved();
        _world.Dispose();

        using var next = new GraphWorld();
        next.Add("web", $"restart: never\nready: {{file: {_file}}}");
        next.Supervisor.Adopt(state);
        next.Settle();
        Assert.Equal(["launch web"], next.Story);
        Assert.Equal(ServicePhase.Starting, next.Phase("web"));
        Assert.NotNull(next["web"].State.FileMark);
    }

    private static Func<SavedState> SaveInto(GraphWorld world)
    {
        var saved = new SavedState();
        world.Supervisor.SaveNow = () =>
        {
            world.Story.Add("save");
            saved = new SavedState();
            world.Supervisor.Save(saved);
        };
        return () => saved;
    }
}
