using Dora.Core.Protocol.Json;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Tests.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.State;

/// <summary>What is saved again and again without having changed is neither built nor written anew.</summary>
public sealed class SavedServiceTests : IDisposable
{
    private readonly GraphWorld _world = new();

    public void Dispose() => _world.Dispose();

    private SavedState Saved()
    {
        var state = new SavedState();
        _world.Supervisor.Save(state);
        return state;
    }

    private static SavedService Of(SavedState state, string name) => state.Services.Single(service => service.Name == name);

    private static SavedState Reread(SavedState state) => JsonMapReader.Read<SavedState>(JsonMapWriter.Write(state));

    [Fact]
    public void One_that_has_not_changed_is_the_same_object_with_the_same_text()
    {
        _world.Add("db").Add("web", "needs: [db]").Boot();
        var first = Saved();
        var read = Reread(first);
        _world.Stop("web");
        var second = Saved();
        Assert.Same(Of(first, "db"), Of(second, "db"));
        Assert.Same(((IJsonKept)Of(first, "db")).Kept.Text, ((IJsonKept)Of(second, "db")).Kept.Text);
        Assert.NotSame(Of(first, "web"), Of(second, "web"));
        Assert.Equal((ServicePhase.Running, ServicePhase.Running), (Of(read, "web").State.Phase, Of(read, "db").State.Phase));
        read = Reread(second);
        Assert.Equal((ServicePhase.Stopped, ServicePhase.Running), (Of(read, "web").State.Phase, Of(read, "db").State.Phase));
    }

    [Fact]
    public void What_changes_beside_its_state_is_written_too()
    {
        _world.Add("db").Boot();
        _ = JsonMapWriter.Write(Saved());
        _world.Pin("db", ServicePin.Up);
        Assert.Equal(ServicePin.Up, Of(Reread(Saved()), "db").Pin);
        _world.Pin("db", ServicePin.None);
        Assert.Equal(ServicePin.None, Of(Reread(Saved()), "db").Pin);
    }

    [Fact]
    public void Text_that_is_kept_does_not_make_two_of_them_different()
    {
        SavedService one = new() { Name = "a", Accepted = 3 }, same = new() { Name = "a", Accepted = 3 }, other = new() { Name = "a", Accepted = 4 };
        _ = JsonMapWriter.Write(one);
        Assert.NotNull(((IJsonKept)one).Kept.Text);
        Assert.Equal(one, same);
        Assert.NotEqual(one, other);
    }
}
