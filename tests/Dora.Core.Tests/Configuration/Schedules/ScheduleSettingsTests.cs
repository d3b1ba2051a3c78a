using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class ScheduleSettingsTests
{
    const string Job = "type: oneshot\ncommand: /bin/a\n";

    [Theory]
    [InlineData("schedule: 30 2 * * MON-FRI", "30 2 * * MON-FRI")]
    [InlineData("schedule: \"@daily\"", "@daily")]
    [InlineData("schedule: every 15m", "every 15m")]
    [InlineData("schedule: [\"0 3 * * *\", \"@reboot\", every 1h30m]", "0 3 * * *|@reboot|every 1h30m")]
    [InlineData("schedule: {at: \"0 3 * * *\"}", "0 3 * * *")]
    [InlineData("schedule: {every: 90s}", "every 1m30s")]
    [InlineData("schedule: {at: [\"0 3 * * *\", \"0 4 * * *\"], every: 1h}", "0 3 * * *|0 4 * * *|every 1h")]
    public void A_schedule_is_read(string text, string expected)
    {
        var settings = ServiceFileReaderTests.Load(Job + text);
        Assert.Equal(expected, string.Join('|', settings.Schedule!.Texts()));
        Assert.Equal(expected.Contains("@reboot"), settings.Schedule.AtBoot);
    }

    [Fact]
    public void A_mapping_says_more()
    {
        var schedule = ServiceFileReaderTests.Load(Job + "schedule: {at: \"0 3 * * *\", zone: Europe/Berlin, jitter: 5m, overlap: replace, missed: run}").Schedule!;
        Assert.Equal(("Europe/Berlin", TimeSpan.FromMinutes(5), OverlapPolicy.Replace, true), (schedule.Zone, schedule.Jitter, schedule.Overlap, schedule.RunsMissed));
        Assert.Equivalent(
            ServiceFileReaderTests.Load(Job + "schedule: {at: \"0 3 * * *\"}").Schedule,
            ServiceFileReaderTests.Load(Job + "schedule: {at: \"0 3 * * *\", jitter: 0s, overlap: skip, missed: skip}").Schedule);
    }

    [Fact]
    public void A_job_waits_for_its_time_and_has_as_much_of_it_as_it_likes()
    {
        var settings = ServiceFileReaderTests.Load(Job + "schedule: \"@daily\"");
        Assert.Equal((StartCondition.Demand, RestartCondition.Never, DurationText.Endless), (settings.Start, settings.Restart.When, settings.StartTimeout));
        settings = ServiceFileReaderTests.Load(Job + "schedule: \"@daily\"\nstart-timeout: 5s\nrestart: on-failure\nstart: demand");
        Assert.Equal((RestartCondition.OnFailure, TimeSpan.FromSeconds(5)), (settings.Restart.When, settings.StartTimeout));
    }

    [Theory]
    [InlineData("schedule: 61 * * * *", "3:11: schedule: minute: '61' is not between 0 and 59")]
    [InlineData("schedule: \"* 24 * * *\"", "3:14: schedule: hour: '24' is not between 0 and 23")]
    [InlineData("schedule: ['0 0 1 1 *', '0 0 30 2 *']", "3:26: schedule: never comes: there is no such day in these months")]
    [InlineData("schedule:\n  at: 0 0 * * FOO", "4:15: schedule.at: weekday: 'FOO' is not between 0 and 7 or SUN to SAT")]
    [InlineData("schedule: every 15", "3:11: schedule: '15' is not a duration: write a unit: 15s")]
    [InlineData("schedule: every 10ms", "3:11: schedule: '10ms' is too short: at least 1s")]
    [InlineData("schedule: [every 1h, every 2h]", "3:22: schedule: a second 'every'; one is enough")]
    [InlineData("schedule: ['@daily', '@daily']", "3:22: schedule: '@daily' is there twice")]
    [InlineData("schedule: []", "3:11: schedule: is empty; write when it is to be run, or leave it out")]
    [InlineData("schedule: {missed: run}", "3:11: schedule: says no time; write at: \"0 3 * * *\" or every: 15m")]
    [InlineData("schedule: {every: 5m, zone: UTC}", "3:11: schedule: zone has no meaning without at: an interval is the same everywhere")]
    [InlineData("schedule: {at: '@daily', zone: ../x}", "3:32: schedule.zone: '../x': a zone is a name such as Europe/Berlin; UTC and rules such as CET-1CEST,M3.5.0,M10.5.0/3 need no file")]
    [InlineData("schedule: {at: '@daily', overlap: kill}", "3:35: schedule.overlap: 'kill' is not one of skip, queue, replace")]
    [InlineData("schedule: '@daily'\nstart: boot", "4:1: start: its schedule starts it; leave it out, and write \"@reboot\" into 'schedule' for a run at boot")]
    [InlineData("schedule: '@daily'\nstart: demand\non: {path: /x}", "3:1: schedule: it is started by 'on' already; leave out one of them")]
    [InlineData("schedule: '@daily'\nfor-each: argument", "3:1: schedule: a template is not started itself; leave out 'for-each' or 'schedule'")]
    public void What_is_wrong_is_told_with_its_place(string text, string expected) =>
        Assert.Equal("/x/a.yaml:" + expected, Assert.Single(ServiceFileReader.Read("/x/a.yaml", Job + text).Problems).ToString());

    [Fact]
    public void Only_a_oneshot_is_run_at_times() =>
        Assert.Equal("/x/a.yaml:2:1: schedule: only a oneshot can be run at times; write 'type: oneshot'",
            Assert.Single(ServiceFileReader.Read("/x/a.yaml", "command: /bin/a\nschedule: \"@daily\"").Problems).ToString());
}
