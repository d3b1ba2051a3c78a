using System.CommandLine;
using Dora.Core.Client;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora cron list|run|log|next</c>: services with a schedule. Only <c>next</c> asks nobody.</summary>
internal static class CronCommand
{
    private const int MostTimes = 1000;

    public static Command Build(Binder bind)
    {
        var list = new Command("list", "all jobs: when they are run next, and how their last run ended");
        list.SetAction(bind(static (context, _) => List(context)));
        var cron = new Command("cron", "scheduled jobs: list, run, log, next") { list, Run(bind), Log(bind), Next(bind) };
        cron.SetAction(bind(static (context, _) => List(context)));
        return cron;
    }

    private static Argument<string> NameArgument() => new("SERVICE") { Description = "name of a service that has a schedule" };

    private static int List(Context context)
    {
        var (jobs, json) = context.Client.Jobs();
        if (context.Json) context.Out.WriteJson(json);
        else JobText.WriteList(context.Out, [.. jobs.OrderBy(job => job.Name, StringComparer.Ordinal)]);
        return ExitCodes.Ok;
    }

    private static Command Run(Binder bind)
    {
        var name = NameArgument();
        var command = new Command("run", "run a job now, and wait for its end") { name };
        command.SetAction(bind((context, parsed) =>
        {
            string job = parsed.GetValue(name)!;
            var (change, final) = context.Client.WaitFor(WithSuggestion(context, job, context.Client.RunJob));
            bool failed = change.Status == ChangeInfo.Failed;
            if (context.Json) context.Out.WriteJson(final);
            else if (!failed) context.Out.WriteLine($"{context.Out.Foreign(job)}: done");
            else throw new CommandFailure(ExitCodes.Failed, $"{job}: {change.Error?.Message ?? "failed, and no reason is known"}", hint: $"'dora cron log {job}' shows what it wrote");
            return failed ? ExitCodes.Failed : ExitCodes.Ok;
        }));
        return command;
    }

    private static Command Log(Binder bind)
    {
        var name = NameArgument();
        var lines = new Option<int>("--lines", "-n") { Description = "how many of the latest lines", HelpName = "N", DefaultValueFactory = _ => 50 };
        lines.Validators.Add(result => CheckRange(result, LogQuery.MaxLines));
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with new lines until interrupted" };
        var command = new Command("log", "the last runs of a job, and what it wrote") { name, lines, follow };
        command.SetAction(bind((context, parsed) =>
        {
            var (job, json) = WithSuggestion(context, parsed.GetValue(name)!, context.Client.Job);
            if (context.Json)
            {
                context.Out.WriteJson(json);
                return ExitCodes.Ok;
            }
            JobText.WriteRuns(context.Out, job, context.Now);
            context.Out.WriteLine();
            context.Out.Flush();
            return LogCommand.Run(context, job.Name, parsed.GetValue(lines), parsed.GetValue(follow));
        }));
        return command;
    }

    private static Command Next(Binder bind)
    {
        var expression = new Argument<string>("EXPRESSION") { Description = "five fields of cron in quotes, or a word such as @daily" };
        var zone = new Option<string?>("--zone") { Description = "whose clocks it means: Europe/Berlin, UTC, CET-1CEST,M3.5.0,M10.5.0/3", HelpName = "ZONE" };
        var count = new Option<int>("-n") { Description = "how many times", HelpName = "N", DefaultValueFactory = _ => 10 };
        count.Validators.Add(result => CheckRange(result, MostTimes));
        var command = new Command("next", "when an expression comes; asks nobody") { expression, zone, count };
        command.SetAction(bind((context, parsed) => Next(context, parsed.GetValue(expression)!, parsed.GetValue(zone), parsed.GetValue(count), DateTimeOffset.UtcNow.ToUnixTimeSeconds())));
        return command;
    }

    internal static int Next(Context context, string text, string? zoneName, int count, long after)
    {
        if (CronExpression.Parse(text, out int column, out string problem) is not { } expression)
            throw new CommandFailure(ExitCodes.Usage, $"column {column}: {problem}", hint: "dora-service(5) explains the fields, under 'schedule'");
        if (expression.IsReboot) throw new CommandFailure(ExitCodes.Failed, "@reboot: is once after each boot: it has no times");
        var zone = zoneName is null ? ZoneDirectory.Local(out problem) : ZoneDirectory.Find(zoneName, out problem);
        if (zone is null) throw new CommandFailure(ExitCodes.Failed, $"zone {zoneName}: {problem}");
        if (problem.Length > 0) context.Error.WriteLine($"dora: {context.Error.Foreign(problem)}: these are times of UTC");
        var times = new List<CronTime>();
        for (long at = after; times.Count < count; times.Add(CronTime.Of(at, zone.OffsetAt(at, out _))))
        {
            at = CronTimes.Next(expression, zone, at);
            if (at == CronExpression.Never) break;
        }
        if (context.Json) context.Out.WriteJson(JsonMapWriter.WriteList(times));
        else
        {
            var table = new Table("LOCAL", "OFFSET", "UTC", "DAY");
            foreach (var time in times) table.Add((time.Local, Tone.Plain), (time.Offset, Tone.Faint), (Words.Time(time.Utc), Tone.Plain), (time.Day, Tone.Faint));
            table.Write(context.Out);
        }
        context.Error.Flush();
        return ExitCodes.Ok;
    }

    private static void CheckRange(System.CommandLine.Parsing.OptionResult result, int most)
    {
        if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out int n) && n >= 0 && n <= most))
            result.AddError($"-n {result.Tokens[0].Value}: a number from 0 to {most} is expected");
    }

    private static T WithSuggestion<T>(Context context, string name, Func<string, T> ask)
    {
        try
        {
            return ask(name);
        }
        catch (DoraException failure) when (failure.Error?.Error is "service.not-found")
        {
            var names = new List<string>();
            foreach (var job in context.Client.Jobs().Value) names.Add(job.Name);
            throw new CommandFailure(ExitCodes.NoSuchService, Words.Nearest(name, names) is { } near ? $"{failure.Message}, did you mean '{near}'?" : failure.Message, failure.Json,
                "'dora cron list' has the names");
        }
    }
}

/// <summary>A time as <c>dora cron next --json</c> tells it.</summary>
internal sealed record CronTime(string Utc, string Local, string Offset, string Day) : IJsonMapped<CronTime>
{
    public static CronTime Of(long at, int offset)
    {
        var local = DateTime.UnixEpoch.AddSeconds(at + offset);
        var east = TimeSpan.FromSeconds(Math.Abs(offset));
        return new(Moment.Format(DateTime.UnixEpoch.AddSeconds(at)), Words.Time(Moment.Format(local)),
            $"{(offset < 0 ? '-' : '+')}{east.Hours + 24 * east.Days:D2}:{east.Minutes:D2}{(east.Seconds == 0 ? "" : $":{east.Seconds:D2}")}", local.DayOfWeek.ToString());
    }

    public static CronTime Map(JsonMap json, CronTime? from) => new(
        json.RequiredText("utc", from?.Utc), json.RequiredText("local", from?.Local), json.RequiredText("offset", from?.Offset), json.RequiredText("day", from?.Day));
}
