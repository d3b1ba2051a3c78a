using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.Shutdown;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision.Scheduling;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Scheduling;

/// <summary>When the history of jobs is written, that a failure is not the end of it, and that the end of the machine waits for it.</summary>
public sealed class JobHistoryTests : IDisposable
{
    const int Minute = 60, Hour = 3600;

    readonly GraphWorld _world = new();
    readonly FakeWriter _writer = new();

    public void Dispose() => _world.Dispose();

    /// <summary>A job that begins each hour; the machine has been up for half of one.</summary>
    JobHistory World(Func<FileDescriptor, Action<string>, IDisposable>? writer = null)
    {
        _world.Add("job", "type: oneshot\nschedule: {at: \"30 0-23 * * *\", zone: UTC}").Boot();
        return _world.Supervisor.Jobs.History = new JobHistory(_world.Supervisor.Loop, _world.Supervisor.Jobs.AllText)
        {
            IsHurried = () => _world.Supervisor.IsEnding, Reader = FakeWriter.Reads(_world, () => ""), Writer = writer ?? _writer.Start,
        };
    }

    void Answer(string answer)
    {
        _writer.Answer(answer);
        _world.Settle();
    }

    [Fact]
    public void The_first_change_is_written_at_once_and_what_follows_after_a_minute()
    {
        World();
        _world.Pass(Hour / 2);
        Assert.Single(_writer.Written);
        Answer("written");
        _world.Pass(Minute - 1).Exit("job");
        Assert.Single(_writer.Written);
        _world.Pass(1);
        Assert.Contains("schedule success", _writer.Written[^1]);
        Answer("written");
        _world.Pass(Hour / 2 - Minute);
        Assert.Equal(2, _writer.Written.Count);
    }

    [Fact]
    public void What_waits_out_its_minute_is_written_when_the_machine_ends()
    {
        World();
        _world.Pass(Hour / 2);
        Answer("written");
        _world.Exit("job").Pass(1);
        Assert.Contains("open ", Assert.Single(_writer.Written));
        _world.Supervisor.EndAll();
        _world.Settle();
        Assert.Equal(2, _writer.Written.Count);
        Assert.Contains("schedule success 0", _writer.Written[1]);
        Assert.DoesNotContain("open ", _writer.Written[1]);
    }

    [Fact]
    public void A_write_that_failed_is_repeated_ever_more_seldom_and_told_once()
    {
        World();
        _world.Pass(Hour / 2);
        const string Full = "error: /var/lib/dora/jobs/history: no space left on device (ENOSPC)";
        Answer(Full);
        Assert.Equal($"manager: the history of jobs: {Full}: it is tried again", Assert.Single(_world.Messages));
        _world.Pass(2 * Minute - 1);
        Assert.Single(_writer.Written);
        _world.Pass(1);
        Assert.Equal(2, _writer.Written.Count);
        Answer(Full);
        Assert.Single(_world.Messages);
        _world.Pass(4 * Minute - 1);
        Assert.Equal(2, _writer.Written.Count);
        // A change does not wait for that.
        _world.Exit("job");
        Assert.Equal(3, _writer.Written.Count);
        Answer("");
        Assert.EndsWith("its helper was killed: it is tried again", _world.Messages[^1]);
        _world.Pass(8 * Minute);
        Answer("written");
        Assert.Equal(4, _writer.Written.Count);
        Assert.Contains("schedule success", _writer.Written[^1]);
        _world.Pass(10 * Minute);
        Assert.Equal(4, _writer.Written.Count);
    }

    [Fact]
    public void A_write_that_failed_is_tried_once_more_at_the_end()
    {
        World();
        _world.Pass(Hour / 2).Exit("job");
        Answer("written");
        _world.Pass(Minute);
        Answer("error: /var/lib/dora/jobs/history: read-only file system (EROFS)");
        Assert.Equal(2, _writer.Written.Count);
        _world.Supervisor.EndAll();
        _world.Settle();
        Assert.Equal(3, _writer.Written.Count);
        // And not for ever.
        Answer("error: /var/lib/dora/jobs/history: read-only file system (EROFS)");
        _world.Pass(Hour);
        Assert.Equal(3, _writer.Written.Count);
    }

    [Fact]
    public void A_helper_that_cannot_be_started_is_tried_again()
    {
        int starts = 0;
        World((_, _) => ++starts < 3 ? throw new InvalidOperationException("jobs: fork: cannot allocate memory (ENOMEM)") : _writer);
        _world.Pass(Hour / 2);
        Assert.Equal(1, starts);
        _world.Pass(2 * Minute);
        Assert.Equal(2, starts);
        _world.Pass(4 * Minute);
        Assert.Equal(3, starts);
        Assert.Single(_world.Messages);
    }

    [Fact]
    public void What_the_last_manager_may_not_have_written_is_written_at_the_end()
    {
        World();
        _world.Pass(Hour / 2).Exit("job");
        var saved = new SavedState();
        _world.Supervisor.Save(saved);
        using var next = new GraphWorld();
        next.Add("job", "type: oneshot\nschedule: {at: \"30 0-23 * * *\", zone: UTC}");
        var writer = new FakeWriter();
        next.Supervisor.Jobs.History = new JobHistory(next.Supervisor.Loop, next.Supervisor.Jobs.AllText) 
        {
            IsHurried = () => next.Supervisor.IsEnding, Reader = FakeWriter.Reads(next, () => ""), Writer = writer.Start,
        };
        next.Supervisor.Adopt(saved);
        next.Pass(10);
        Assert.Empty(writer.Written);
        next.Supervisor.EndAll();
        next.Settle();
        Assert.Contains("schedule success", Assert.Single(writer.Written));
    }

    /// <summary>A soft reboot takes the same way as any end, and needs no guard. What it came to is a line of the story.</summary>
    MachineEnding End()
    {
        var ending = new MachineEnding(_world.Supervisor.Loop, null!, _world.Supervisor) { SoftRebootReady = () => _world.Story.Add("over") };
        _world.Supervisor.StateChanged = ending.Check;
        ending.Resume(new SavedState { End = MachineEnd.SoftReboot });
        return ending;
    }

    bool IsOver => _world.Story.Contains("over");

    [Fact]
    public void The_end_waits_until_the_end_of_the_last_job_is_written()
    {
        World();
        _world.Pass(Hour / 2);
        Answer("written");
        _world.Stubborn.Add("job");
        var ending = End();
        _world.Pass(1);
        Assert.False(IsOver);
        _world.Exit("job");
        Assert.True(_world.Supervisor.IsAllDown);
        Assert.False(IsOver);
        Assert.Equal(["the history of jobs"], ending.WaitsFor());
        Assert.Contains("schedule stopped", _writer.Written[^1]);
        _writer.Answer("written");
        Assert.True(IsOver);
    }

    [Fact]
    public void What_changes_while_it_is_written_is_waited_for_too()
    {
        World();
        _world.Pass(Hour / 2);
        Assert.True(_writer.IsBusy);
        End();
        _world.Settle();
        Assert.True(_world.Supervisor.IsAllDown);
        Answer("written");
        Assert.False(IsOver);
        Assert.Contains("schedule stopped", _writer.Written[1]);
        _writer.Answer("written");
        Assert.True(IsOver);
    }

    [Fact]
    public void An_end_without_changes_waits_for_nothing()
    {
        World();
        End();
        Assert.True(IsOver);
        Assert.Empty(_writer.Written);
    }

    [Theory]
    [InlineData("error: /var/lib/dora/jobs/history: no space left on device (ENOSPC)")]
    [InlineData(null)]
    public void A_disk_that_does_not_take_it_holds_the_end_up_for_five_seconds_at_most(string? answer)
    {
        World();
        _world.Pass(Hour / 2).Exit("job");
        End();
        _world.Settle();
        Assert.False(IsOver);
        if (answer is not null)
        {
            Answer("written"); // what was under way; then what has changed since
            _writer.Answer(answer);
            Assert.Equal(2, _writer.Written.Count);
        }
        else
        {
            _world.Pass(4.9);
            Assert.False(IsOver);
            _world.At(_world.Now + TimeSpan.FromSeconds(0.2)).Supervisor.Loop.Turn();
            Assert.Contains("manager: the history of jobs: not written within 5 s: going on without it", _world.Messages);
        }
        Assert.True(IsOver);
    }

    [Fact]
    public void An_end_before_the_history_is_known_leaves_it_as_it_is()
    {
        Action<string>? answer = null;
        _world.Add("job", "type: oneshot\nschedule: {at: \"30 0-23 * * *\", zone: UTC, missed: run}");
        FileDescriptor? file = null;
        _world.Supervisor.Jobs.History = new JobHistory(_world.Supervisor.Loop, _world.Supervisor.Jobs.AllText)
        {
            IsHurried = () => _world.Supervisor.IsEnding, Writer = _writer.Start,
            Reader = (read, then) =>
            {
                (file, answer) = (read, then);
                return _world;
            },
        };
        _world.Boot();
        End();
        Assert.True(IsOver);
        Sys.WriteAllAt(file!, "job job 1 1 1 - 0\n"u8, 0).ThrowIfError("pwrite");
        answer!("read");
        _world.Settle();
        Assert.Empty(_writer.Written);
        Assert.DoesNotContain("launch job", _world.Story);
        Assert.Null(_world["job"].Job!.Record.Passed);
    }

    /// <summary>A file of an earlier boot that cannot be had at first, nor at the next try.</summary>
    List<Action<string>> Slow(GraphWorld world, string text)
    {
        var asked = new List<Action<string>>();
        world.Supervisor.Jobs.History = new JobHistory(world.Supervisor.Loop, world.Supervisor.Jobs.AllText)
        {
            IsHurried = () => world.Supervisor.IsEnding, Writer = _writer.Start,
            Reader = (file, ended) =>
            {
                Sys.WriteAllAt(file, System.Text.Encoding.UTF8.GetBytes(text), 0).ThrowIfError("pwrite");
                asked.Add(ended);
                return world;
            },
        };
        return asked;
    }

    const string Slowness = "error: jobs: not done within 10 s";

    [Fact]
    public void What_could_not_be_read_at_boot_is_read_before_anything_takes_its_place()
    {
        // Both had a run yesterday; the second one missed another. There is no service of the third name at the moment.
        _world.Add("busy", "type: oneshot\nschedule: {every: 1m}").Add("missed", "type: oneshot\nschedule: {at: \"0 12 * * *\", zone: UTC, missed: run}");
        long yesterday = _world.Wall - 24 * Hour;
        string Record(string name) => $"job {name} {yesterday} 1 {yesterday} - 0\nrun {yesterday} 5 schedule success 0\n";
        var asked = Slow(_world, Record("busy") + Record("missed") + Record("absent"));
        _world.Boot();
        asked[0](Slowness);
        _world.Settle();
        Assert.Equal($"manager: the history of jobs: {Slowness}: it is tried again", Assert.Single(_world.Messages));
        _world.Pass(Minute);
        Assert.Equal(["launch busy"], _world.Story);
        _world.Exit("busy").Pass(Minute);
        Assert.Equal(2, asked.Count);
        asked[1](Slowness);
        _world.Pass(Minute); // it is due again: a change
        Assert.Equal(3, asked.Count);
        Assert.Empty(_writer.Written);
        asked[2]("read");
        _world.Settle();
        Assert.Single(_world.Messages, message => message.Contains("the history of jobs", StringComparison.Ordinal));
        Assert.Contains("launch missed", _world.Story);
        string written = Assert.Single(_writer.Written);
        Assert.Contains(Record("absent"), written);
        Assert.Equal(2, _world["missed"].Job!.Record.Runs.Length + (_world["missed"].Job!.Record.Open is null ? 0 : 1));
        Assert.Equal("missed", _world["missed"].Job!.Record.Open!.Cause);
        // Its own of today count more.
        Assert.DoesNotContain(_world["busy"].Job!.Record.Runs, run => run.Start == yesterday);
    }

    [Fact]
    public void The_end_reads_what_is_not_known_yet_and_then_writes()
    {
        _world.Add("job", "type: oneshot\nschedule: {every: 1m}").Add("missed", "type: oneshot\nschedule: {at: \"0 12 * * *\", zone: UTC, missed: run}");
        const string Others = "job absent 1 1 1 - 0\nrun 1 5 schedule success 0\n", Missed = "job missed 1 1 1 - 0\nrun 1 5 schedule success 0\n";
        var asked = Slow(_world, Others + Missed);
        _world.Boot();
        asked[0](Slowness);
        _world.Pass(Minute).Exit("job");
        End();
        _world.Settle();
        Assert.False(IsOver);
        asked[^1]("read");
        _world.Settle();
        Assert.Contains(Others, Assert.Single(_writer.Written));
        Assert.Contains(Missed, _writer.Written[0]); // the next boot makes up for it
        Assert.DoesNotContain("launch missed", _world.Story);
        Assert.False(IsOver);
        _writer.Answer("written");
        Assert.True(IsOver);
    }

    [Fact]
    public void A_file_that_can_never_be_read_is_put_aside_and_a_new_one_begun()
    {
        _world.Add("job", "type: oneshot\nschedule: {every: 1m}");
        var asked = Slow(_world, "");
        _world.Boot();
        asked[0]("aside: /var/lib/dora/jobs/history: input/output error (EIO)");
        _world.Settle();
        Assert.Equal("manager: the history of jobs: /var/lib/dora/jobs/history: input/output error (EIO): it is kept as /var/lib/dora/jobs/history.unread, and a new one is begun", Assert.Single(_world.Messages));
        _world.Pass(Minute).Exit("job");
        Assert.Single(_writer.Written);
    }

    [Fact]
    public void A_manager_that_takes_over_keeps_the_records_of_what_is_masked()
    {
        const string Masked = "job masked 1 1 1 - 0\nrun 1 5 schedule success 0\n";
        _world.Add("job", "type: oneshot\nschedule: {every: 1m}").Boot();
        _world.Pass(Minute).Exit("job");
        var saved = new SavedState();
        _world.Supervisor.Save(saved);
        using var next = new GraphWorld();
        string disk = Masked;
        next.Add("job", "type: oneshot\nschedule: {every: 1m}");
        next.Supervisor.Jobs.History = FakeWriter.On(next, () => disk, text => disk = text);
        next.Supervisor.Adopt(saved);
        next.Pass(Minute).Exit("job").Pass(Minute);
        Assert.StartsWith("job job", disk);
        Assert.EndsWith(Masked, disk);
    }
}
