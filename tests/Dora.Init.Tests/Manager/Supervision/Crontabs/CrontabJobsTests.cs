using Dora.Core.Configuration.Schedules;
using Dora.Core.Linux;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Manager.Supervision.Crontabs;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Crontabs;

/// <summary>What crontabs become: jobs, messages, and nothing for whoever may not.</summary>
public sealed class CrontabJobsTests : IDisposable
{
    readonly GraphWorld _world = new();
    readonly string _etc = Directory.CreateTempSubdirectory("pandora-crontabs-").FullName;
    readonly uint _me;
    CrontabJobs _jobs;

    public CrontabJobsTests()
    {
        Assert.Equal(Errno.None, Sys.Stat(_etc, out var status));
        _me = status.st_uid;
        foreach (string folder in new[] { "cron.d", "crontabs" }) Sys.MakeDirectory($"{_etc}/{folder}", 0x1ED);
        File.WriteAllText($"{_etc}/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/sbin/nologin\nbob.x:x:1001:1001::/:\n");
        _jobs = new CrontabJobs(_world.Supervisor, _etc, _me);
    }

    public void Dispose()
    {
        _jobs.Dispose();
        _world.Dispose();
        Directory.Delete(_etc, recursive: true);
    }

    void Write(string file, string text, uint mode = 0x180)
    {
        File.WriteAllText($"{_etc}/{file}", text);
        Sys.ChangeMode($"{_etc}/{file}", mode);
    }

    void Look()
    {
        _world.Messages.Clear();
        _jobs.Look();
        _world.Settle();
    }

    string[] Names => [.. _world.Supervisor.Services.Select(service => service.Name).Order()];

    Service Job(string start) => _world.Supervisor.Services.Single(service => service.Name.StartsWith(start, StringComparison.Ordinal));

    string Told => string.Join("\n", _world.Messages).Replace(_etc, "/etc");

    [Fact]
    public void Each_line_is_a_job_of_its_user()
    {
        Write("crontab", "SHELL=/bin/bash\n17 * * * * alice cd / && run-parts\n");
        Write("cron.d/e2scrub", "30 3 * * 0 root scrub\n");
        Write("crontabs/alice", "CRON_TZ=UTC\n*/5 * * * * /usr/bin/backup --all%in\n");
        Look();
        Assert.Equal(["cron.d@e2scrub:scrub", "cron@alice:backup", "crontab@alice:cd"], Names.Select(name => name[..^7]));
        Assert.Equal("crontabs: 3 jobs", Told);
        var settings = Job("cron@alice").Settings;
        Assert.Equal(("alice", $"line 2 of {_etc}/crontabs/alice", "UTC", "/usr/bin/backup --all", "in\n"),
            (settings.User, settings.Description, settings.Schedule!.Zone, settings.Crontab!.Command, settings.Crontab.Input));
        Assert.Equal("/bin/bash", Job("crontab@").Settings.Environment["SHELL"]);
        // What others may see of it is not the line.
        Assert.DoesNotContain("backup", string.Join(' ', settings.Command) + settings.Description);
        Look();
        Assert.Equal("", Told);
        _world.Boot().Pass(300);
        Assert.Equal([$"launch {Job("cron@").Name}"], _world.Story);
    }

    [Fact]
    public void A_change_concerns_the_lines_that_have_changed()
    {
        Write("crontabs/root", "@hourly keep\n@hourly time\n@hourly gone\n@hourly long\n");
        _jobs.Look();
        _world.Boot().Pass(3600);
        Assert.Equal(4, _world.Story.Count);
        foreach (string name in new[] { "keep", "time", "gone" }) _world.Exit(Job($"cron@root:{name}").Name);
        string longs = Job("cron@root:long").Name;
        var keep = Job("cron@root:keep");
        _world.Story.Clear();

        _world.Pass(1800);
        Write("crontabs/root", "A=b\n@hourly keep\n*/10 * * * * time\n@hourly new\n");
        Look();
        Assert.Equal("crontabs: 3 jobs", Told);
        Assert.Equal(["keep", "long", "new", "time"], Names.Select(name => name[10..^7]));
        Assert.Same(keep, Job("cron@root:keep"));
        Assert.Equal(("b", $"line 2 of {_etc}/crontabs/root"), (keep.Settings.Environment["A"], keep.Settings.Description));
        Assert.Single(Job("cron@root:time").Job!.Record.Runs);
        _world.Pass(600);
        Assert.Equal([$"launch {Job("cron@root:time").Name}"], _world.Story);

        // What runs ends by itself, and is forgotten then; it is not run again.
        Assert.Equal(ServicePhase.Starting, _world.Phase(longs));
        _world.Pass(2 * 3600);
        Assert.DoesNotContain($"launch {longs}", _world.Story);
        _world.Exit(longs);
        Assert.Null(_world.Supervisor.Find(longs));
        Assert.DoesNotContain("TERM", string.Join(' ', _world.Story));
    }

    [Fact]
    public void A_line_that_comes_back_while_it_still_runs_is_the_same_job()
    {
        Write("crontabs/root", "@hourly long\n");
        _jobs.Look();
        _world.Boot().Pass(3600);
        var job = Job("cron@");
        File.Delete($"{_etc}/crontabs/root");
        Look();
        Assert.Null(job.Job!.Next);
        Write("crontabs/root", "\n@hourly long\n");
        Look();
        _world.Exit(job.Name).Pass(3600);
        Assert.Same(job, Job("cron@"));
        Assert.Equal(2, _world.Story.Count);
        // And one that has ended, too, as far as its history goes.
        _world.Exit(job.Name);
        File.Delete($"{_etc}/crontabs/root");
        Look();
        Assert.Empty(Names);
        Write("crontabs/root", "@daily long\n");
        Look();
        Assert.Equal(2, Job("cron@").Job!.Record.Runs.Length);
    }

    [Fact]
    public void At_reboot_is_at_the_boot_and_not_when_the_line_is_written()
    {
        Write("crontabs/root", "@reboot one\n");
        _jobs.Look();
        _world.Boot();
        Assert.Single(_world.Story);
        Write("crontabs/root", "@reboot one\n@reboot two\n");
        Look();
        _world.Pass(100);
        Assert.Single(_world.Story);
    }

    [Fact]
    public void A_file_that_somebody_else_may_have_written_is_refused_and_that_is_told_once()
    {
        void Refused(string words, Action<string> make)
        {
            string path = $"{_etc}/crontabs/alice";
            Write("crontabs/alice", "@daily x\n");
            Look();
            Assert.Single(Names);
            File.Delete(path);
            make(path);
            Look();
            Assert.Equal($"/etc/crontabs/alice: {words}: nothing of it is run\ncrontabs: 0 jobs", Told);
            Assert.Empty(Names);
            Look();
            Assert.Equal("", Told);
            if (Directory.Exists(path)) Directory.Delete(path);
            File.Delete(path);
        }

        Refused("it is a symbolic link", path => File.CreateSymbolicLink(path, "/etc/passwd"));
        Refused("it is not a regular file", path => Directory.CreateDirectory(path));
        Refused("it is not a regular file", path => Sys.MakeNode(path, Libc.S_IFIFO | 0x180, 0, 0));
        Refused("others can write to it: chmod go-w", _ => Write("crontabs/alice", "@daily x\n", 0x1B0));
        Refused("others can write to it: chmod go-w", _ => Write("crontabs/alice", "@daily x\n", 0x182));
        Refused("it has more than one name (hard links)", path =>
        {
            Write("other", "@daily x\n");
            Assert.Equal(Errno.None, (Errno)(link($"{_etc}/other", path) == 0 ? 0 : 1));
        });
        if (_me != 0) return;
        Refused("it belongs to user 1001: chown it to root or its user", path =>
        {
            Write("crontabs/alice", "@daily x\n");
            Sys.ChangeOwner(path, 1001, 0);
        });
        Write("crontabs/alice", "@daily x\n");
        Sys.ChangeOwner($"{_etc}/crontabs/alice", 1000, 1000);
        Write("crontab", "@daily root x\n");
        Sys.ChangeOwner($"{_etc}/crontab", 1000, 1000);
        Look();
        Assert.Equal("/etc/crontab: it belongs to user 1000: chown it to root: nothing of it is run\ncrontabs: 1 job", Told);
    }

    [System.Runtime.InteropServices.DllImport("libc")]
    static extern int link(string from, string to);

    [Fact]
    public void A_folder_that_others_can_write_to_is_refused()
    {
        Write("crontabs/root", "@daily x\n");
        Sys.ChangeMode($"{_etc}/crontabs", 0x1FF);
        Look();
        Assert.Equal("/etc/crontabs: others than root can put files there: chown root it, and chmod go-w: nothing of it is run", Told);
        Assert.Empty(Names);
    }

    [Fact]
    public void What_is_no_crontab_is_passed_over_and_a_user_who_is_not_there_is_told()
    {
        foreach (string name in new[] { ".root.swp", "root~", "#root#", "root.new", "cron.update" }) Write($"crontabs/{name}", "@daily x\n");
        foreach (string name in new[] { "x.dpkg-old", ".placeholder", "a~", "b.yaml" }) Write($"cron.d/{name}", "@daily root x\n");
        Write("crontabs/bob.x", "@daily x\n");
        Write("crontabs/carol", "@daily x\n");
        Write("crontabs/0", "@daily x\n");
        Write("crontab", "@daily dave x\n@daily 0 x\n");
        Look();
        Assert.Equal(["cron@bob.x:x"], Names.Select(name => name[..^7]));
        Assert.Equal("""
            /etc/crontab:1: there is no user 'dave': it is not run
            /etc/crontab:2: there is no user '0': it is not run
            /etc/crontabs/0: there is no user of this name: nothing of it is run
            /etc/crontabs/carol: there is no user of this name: nothing of it is run
            crontabs: 1 job
            """, Told);
        File.AppendAllText($"{_etc}/passwd", "carol:x:1002:1002::/:\n");
        Look();
        Assert.Equal("crontabs: 2 jobs", Told);
    }

    [Fact]
    public void A_wrong_line_is_told_with_its_place_once_for_each_change()
    {
        Write("crontabs/root", "61 * * * * x\n@daily good\n");
        Look();
        Assert.Equal("/etc/crontabs/root:1:1: minute: '61' is not between 0 and 59\ncrontabs: 1 job", Told);
        Look();
        Assert.Equal("", Told);
        Write("crontabs/root", "61 * * * * x\n@daily better\n");
        Look();
        Assert.Equal("crontabs: 1 job", Told);
        Write("crontabs/root", "* 61 * * * x\n@daily better\n");
        Look();
        Assert.Equal("/etc/crontabs/root:1:3: hour: '61' is not between 0 and 23", Told);
        Write("crontabs/root", new string('#', Crontab.LargestFile + 1));
        Look();
        Assert.Equal("/etc/crontabs/root: is larger than 64 KiB\ncrontabs: 0 jobs", Told);
    }

    [Fact]
    public void Whoever_has_many_jobs_does_not_take_those_of_root()
    {
        string lines = string.Concat(Enumerable.Range(0, 100).Select(i => $"@daily job{i}\n"));
        for (char user = 'a'; user < 'j'; user++)
        {
            File.AppendAllText($"{_etc}/passwd", $"{user}:x:{2000 + user}:0::/:\n");
            Write($"crontabs/{user}", lines);
        }
        Write("crontabs/root", lines);
        Look();
        Assert.Equal(CrontabJobs.MostJobs, Names.Length);
        Assert.Equal(100, Names.Count(name => name.StartsWith("cron@root:")));
        Assert.Contains("/etc/crontabs/e: there are 500 jobs already: line 1 and what follows is not run", Told);
    }

    [Fact]
    public void The_next_manager_knows_what_runs_and_forgets_lines_that_are_gone()
    {
        Write("crontabs/root", "@hourly runs\n@hourly done\n");
        _jobs.Look();
        _world.Boot().Pass(3600);
        _world.Exit(Job("cron@root:done").Name);
        var saved = new SavedState();
        _world.Supervisor.Save(saved);

        using var next = new GraphWorld();
        using var jobs = new CrontabJobs(next.Supervisor, _etc, _me);
        Write("crontabs/root", "@hourly runs\n");
        jobs.Look();
        next.Supervisor.Adopt(saved);
        var service = Assert.Single(next.Supervisor.Services);
        Assert.NotNull(service.Job!.Record.LastStart);
        Assert.NotNull(service.Settings.Crontab);
    }

    [Fact]
    public void What_a_line_leaves_running_lives_on()
    {
        Write("crontabs/root", "@hourly start-daemon\n");
        _jobs.Look();
        _world.Boot().Pass(3600);
        string name = Job("cron@").Name;
        _world.Exit(name);
        Assert.Equal(ServicePhase.Done, _world.Phase(name));
        _world.Pass(3600).Exit(name, 3);
        Assert.Equal(ServicePhase.Failed, _world.Phase(name));
        Assert.Equal([$"launch {name}", $"launch {name}"], _world.Story);
        Assert.Equal("success, exit-code", string.Join(", ", Job("cron@").Job!.Record.Runs.Select(run => run.Result)));
        // Unless it is stopped.
        _world.Pass(3600).Stop(name);
        Assert.Contains($"TERM {name}", _world.Story);
        Assert.Equal(ServicePhase.Stopped, _world.Phase(name));
    }

    [Fact]
    public void A_group_named_cron_is_the_slice_of_them_all()
    {
        Write("crontabs/root", "@daily x\n");
        Look();
        Assert.Null(Job("cron@").Settings.Slice);
        _world.Add("cron", "type: group\ncgroup: {pids.max: '100'}");
        Look();
        Assert.Equal("cron", Job("cron@").Settings.Slice);
    }
}
