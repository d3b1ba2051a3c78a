using Dora.Core.Protocol;
using Dora.Init.Manager;
using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager;

public sealed class ChangesTests : IDisposable
{
    private readonly ServiceTable _table = new();
    private readonly Changes _changes;

    public ChangesTests() => _changes = new Changes(_table.Loop, name => _table.Supervisor.Find(name));

    public void Dispose() => _table.Dispose();

    private static ServiceState In(ServicePhase phase, string? reason = null) => new() { Phase = phase, Reason = reason, Pid = 7 };

    private string Start() => _changes.Begin("start", "web", "stopped", state => state.IsUp);

    private string Stop() => _changes.Begin("stop", "web", "running", state => state.IsDown);

    private ChangeInfo Look(string id)
    {
        _changes.Check();
        return _changes.Find(id)!;
    }

    [Fact]
    public void A_start_is_being_done_until_the_service_is_up()
    {
        var service = _table.Add(In(ServicePhase.Waiting));
        string id = Start();
        Assert.Equal((ChangeInfo.Doing, "stopped", null), (Look(id).Status, Look(id).Before, Look(id).After));
        service.Adopt(In(ServicePhase.Starting));
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        service.Adopt(In(ServicePhase.Running));
        Assert.Equal((ChangeInfo.Done, "running"), (Look(id).Status, Look(id).After));
        // What becomes of the service later is another story.
        service.Adopt(In(ServicePhase.Failed));
        Assert.Equal((ChangeInfo.Done, "running"), (Look(id).Status, Look(id).After));
    }

    [Theory]
    [InlineData(nameof(ServicePhase.Failed), "failed")]
    [InlineData(nameof(ServicePhase.Backoff), "backoff")]
    [InlineData(nameof(ServicePhase.Stopped), "stopped")]
    public void A_start_that_comes_to_rest_elsewhere_has_failed_and_says_why(string phase, string after)
    {
        _table.Add(In(Enum.Parse<ServicePhase>(phase), "exit code 1"));
        var change = Look(Start());
        Assert.Equal((ChangeInfo.Failed, after), (change.Status, change.After));
        Assert.Equal(new ErrorBody("service.failed", "web: exit code 1"), change.Error);
    }

    [Fact]
    public void Without_a_reason_the_state_is_the_reason()
    {
        _table.Add(In(ServicePhase.Failed));
        Assert.Equal("web: failed", Look(Start()).Error!.Message);
    }

    [Fact]
    public void A_stop_does_not_fail_on_the_way_down()
    {
        var service = _table.Add(In(ServicePhase.Backoff));
        string id = Stop();
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        service.Adopt(In(ServicePhase.Stopping));
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        service.Adopt(In(ServicePhase.Stopped));
        Assert.Equal((ChangeInfo.Done, "stopped"), (Look(id).Status, Look(id).After));
    }

    [Fact]
    public void A_stop_has_failed_when_somebody_starts_the_service_before_it_is_down()
    {
        var service = _table.Add(In(ServicePhase.Running) with { WantedUp = true });
        // Asked for, and put in line behind what needs it.
        _table.Supervisor.Stop(service);
        string id = Stop();
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        _table.Supervisor.Start(service);
        Assert.Equal((ChangeInfo.Failed, "running"), (Look(id).Status, Look(id).After));
        Assert.Equal("web: it was wanted again by others before it was down", Look(id).Error!.Message);
    }

    [Fact]
    public void A_stop_that_is_under_way_has_failed_when_somebody_starts_the_service_again()
    {
        var service = _table.Add(In(ServicePhase.Stopping));
        string id = Stop();
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        service.Adopt(In(ServicePhase.Stopping) with { WantedUp = true, StartAgain = true });
        Assert.Equal(ChangeInfo.Failed, Look(id).Status);
    }

    [Fact]
    public void A_restart_has_failed_when_it_was_taken_back_together_with_a_stop_behind_it()
    {
        var service = _table.Add(In(ServicePhase.Running) with { WantedUp = true });
        // In line behind what needs it; then somebody stops it and somebody starts it, and it runs on as it was.
        _table.Supervisor.Stop(service);
        string id = _changes.Begin("restart", "web", "running", state => state.IsUp && state.Since > service.State.Since);
        Assert.Equal(ChangeInfo.Doing, Look(id).Status);
        _table.Supervisor.Start(service);
        Assert.Equal((ChangeInfo.Failed, "running"), (Look(id).Status, Look(id).After));
    }

    [Fact]
    public void A_service_that_is_forgotten_is_stopped()
    {
        string id = _changes.Begin("stop", "ssh@1", "running", state => state.IsDown);
        Assert.Equal((ChangeInfo.Done, "stopped"), (Look(id).Status, Look(id).After));
    }

    [Fact]
    public void The_end_of_the_machine_is_never_done()
    {
        string id = _changes.Begin("poweroff", null, null, _ => false);
        Assert.Equal((ChangeInfo.Doing, null), (Look(id).Status, Look(id).Service));
    }

    [Fact]
    public void Who_waits_is_told_once_when_it_is_done_and_not_before()
    {
        var service = _table.Add(In(ServicePhase.Starting));
        var told = new List<string>();
        _changes.WhenChanged(Start(), TimeSpan.FromSeconds(60), change => told.Add(change.Status));
        _changes.Check();
        Assert.Empty(told);
        service.Adopt(In(ServicePhase.Running));
        _changes.Check();
        _changes.Check();
        Assert.Equal([ChangeInfo.Done], told);
    }

    [Fact]
    public void Who_waits_for_what_is_done_already_is_told_by_the_loop_and_not_within_the_call()
    {
        _table.Add(In(ServicePhase.Running));
        string id = Start();
        _changes.Check();
        var told = new List<string>();
        _changes.WhenChanged(id, TimeSpan.FromSeconds(60), change => told.Add(change.Status));
        Assert.Empty(told);
        _table.Run(TimeSpan.FromMilliseconds(1));
        Assert.Equal([ChangeInfo.Done], told);
    }

    [Fact]
    public void Who_waits_in_vain_is_told_after_the_time_that_nothing_has_come_of_it_yet()
    {
        _table.Add(In(ServicePhase.Starting));
        var told = new List<string>();
        _changes.WhenChanged(Start(), TimeSpan.FromMilliseconds(20), change => told.Add(change.Status));
        _table.Run(TimeSpan.FromMilliseconds(60));
        Assert.Equal([ChangeInfo.Doing], told);
    }

    [Fact]
    public void Who_has_gone_is_not_told()
    {
        var service = _table.Add(In(ServicePhase.Starting));
        var told = new List<string>();
        _changes.WhenChanged(Start(), TimeSpan.FromMilliseconds(5), change => told.Add(change.Status)).Dispose();
        service.Adopt(In(ServicePhase.Running));
        _table.Run(TimeSpan.FromMilliseconds(30));
        Assert.Empty(told);
    }

    [Fact]
    public void Two_hundred_are_remembered_and_a_waiter_outlives_that()
    {
        var service = _table.Add(In(ServicePhase.Starting));
        var told = new List<string>();
        string first = Start();
        _changes.WhenChanged(first, TimeSpan.FromMilliseconds(20), change => told.Add(change.Id));
        string last = first;
        for (int i = 0; i < 200; i++) last = Start();
        Assert.Null(_changes.Find(first));
        Assert.NotNull(_changes.Find(last));
        Assert.Throws<ArgumentException>(() => _changes.WhenChanged(first, TimeSpan.Zero, _ => { }));
        service.Adopt(In(ServicePhase.Running));
        _table.Run(TimeSpan.FromMilliseconds(60));
        Assert.Equal([first], told);
        Assert.Equal(ChangeInfo.Done, _changes.Find(last)!.Status);
    }
}
