using Dora.Init.Manager.Supervision.Scheduling;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Scheduling;

public class JobRecordTests
{
    static JobRecord Sample()
    {
        var record = new JobRecord { Passed = 1_800_000_000, HasCome = true, LastStart = -5, LastStartSinceBoot = TimeSpan.FromTicks(12345), IsQueued = true };
        for (int i = 0; i < 25; i++) record.Add(new JobRun { Start = i, DurationMs = i * 1000, Cause = "schedule", Result = "exit-code", Code = i });
        record.Open = new JobRun { Start = 99, Cause = "request" };
        return record;
    }

    [Fact]
    public void What_is_written_is_read()
    {
        var texts = JobRecord.Split(Sample().Text("a") + new JobRecord().Text("b"));
        Assert.Equal(["a", "b"], texts.Keys);
        var read = texts.ToDictionary(text => text.Key, text => JobRecord.Of(text.Value, isSameBoot: true));
        Assert.Equal(Sample().Text("a"), read["a"].Text("a"));
        Assert.Equal(JobRecord.MostRuns, read["a"].Runs.Length);
        Assert.Equal(new JobRecord().Text("b"), read["b"].Text("b"));
    }

    [Fact]
    public void Of_another_boot_only_what_outlives_it_counts()
    {
        var read = JobRecord.Of(Sample().Text("a"), isSameBoot: false);
        Assert.Null(read.LastStartSinceBoot);
        Assert.False(read.IsQueued);
        Assert.Null(read.Open);
        var run = read.Runs[^1];
        Assert.Equal((99, -1, "request", "interrupted", -1), (run.Start, run.DurationMs, run.Cause, run.Result, run.Code));
    }

    [Fact]
    public void A_damaged_history_is_read_as_far_as_it_goes()
    {
        string text = Sample().Text("a") + Sample().Text("b");
        var random = new Random(1);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var damaged = text.ToCharArray();
            for (int i = random.Next(1, 8); i > 0; i--) damaged[random.Next(damaged.Length)] = (char)random.Next(0, 300);
            string cut = new string(damaged)[..random.Next(damaged.Length)];
            foreach (string one in JobRecord.Split(cut).Values) Assert.InRange(JobRecord.Of(one, random.Next(2) == 0).Runs.Length, 0, JobRecord.MostRuns);
        }
        Assert.Empty(JobRecord.Split("run 1 2 schedule success 0\nnonsense\n"));
        Assert.Equal(["a"], JobRecord.Split("job a 1 1 1 1 1\njob b 1\nrun 1 2 schedule success 0\n").Keys);
    }
}
