using System.CommandLine;
using System.Text.Json;
using Dora.Core.Client;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora log [-f] [-n N] [--since TIME] ... [SERVICE]</c> and <c>dora log --list-boots</c>.</summary>
internal static class LogCommand
{
    private static readonly string[] s_priorities = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
    private static readonly string[] s_outputs = ["short", "iso", "cat", "json"];

    public static Command Build(Binder bind)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with new lines until interrupted" };
        var lines = new Option<int?>("--lines", "-n") { Description = $"how many of the latest lines, 0 to {LogQuery.MaxLines}; {LogQuery.DefaultLines} unless told, and all with --since, --until or --boot", HelpName = "N" };
        lines.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out int n) && n is >= 0 and <= LogQuery.MaxLines))
                result.AddError($"-n {result.Tokens[0].Value}: a number from 0 to {LogQuery.MaxLines} is expected");
        });
        var service = new Argument<string?>("SERVICE") { Description = "only lines of this service", Arity = ArgumentArity.ZeroOrOne };
        var serviceOption = new Option<string?>("--service") { Description = "the same", HelpName = "NAME" };
        var priority = Checked(new("--priority", "-p") { Description = "this severity and more urgent ones: emerg, alert, crit, err, warning, notice, info, debug, or 0 to 7", HelpName = "LEVEL" },
            text => PriorityOf(text) is null ? $"-p {text}: one of {string.Join(", ", s_priorities)} or 0 to 7 is expected" : null);
        var since = Time("--since", "not before this time: 2026-11-21 10:00, 10:00, yesterday, '10 min ago', -1h, @SECONDS (UTC); earlier boots too");
        var until = Time("--until", "not after this time");
        var grep = new Option<string?>("--grep", "-g") { Description = "only lines that hold this text, as it stands", HelpName = "TEXT" };
        var ignoreCase = new Option<bool>("--ignore-case", "-i") { Description = "a to z of the text count as A to Z" };
        var kernel = new Option<bool>("--kernel", "-k") { Description = "only lines of the kernel" };
        var boot = new Option<string?>("--boot", "-b") { Description = "lines of a boot: -1 is the one before this one, which it is alone; 0 this one; or how its id begins", HelpName = "BOOT", Arity = ArgumentArity.ZeroOrOne };
        var boots = new Option<bool>("--list-boots") { Description = "the boots that there are lines of" };
        var status = new Option<bool>("--status") { Description = "how much the log holds, and what it has lost: lines that were too many for a limit, datagrams" };
        var output = Checked(new("--output", "-o") { Description = "short, iso (time to the millisecond), cat (messages alone) or json", HelpName = "FORM" },
            text => Array.IndexOf(s_outputs, text) < 0 ? $"-o {text}: one of {string.Join(", ", s_outputs)} is expected" : null);
        var command = new Command("log", "log lines of services and kernel") { follow, lines, priority, since, until, grep, ignoreCase, kernel, boot, boots, status, output, serviceOption, service };
        command.Validators.Add(result =>
        {
            if (result.GetValue(follow) && result.GetResult(boot) is not null && result.GetValue(boot) != "0") result.AddError("--follow goes with this boot: others have no new lines");
        });
        command.SetAction(bind((context, parsed) =>
        {
            if (parsed.GetValue(boots)) return ListBoots(context);
            if (parsed.GetValue(status)) return ShowStatus(context);
            string? TimeOf(Option<string?> option) => parsed.GetValue(option) is { } text ? TimeWords.Parse(text, DateTime.UtcNow) : null;
            string? ofBoot = parsed.GetResult(boot) is null ? null : parsed.GetValue(boot) ?? "-1";
            string? from = TimeOf(since), to = TimeOf(until);
            bool isAll = from is not null || to is not null || ofBoot is not null;
            string? name = parsed.GetValue(service) ?? parsed.GetValue(serviceOption);
            string path = DoraClient.LogPath(name, parsed.GetValue(lines) ?? (isAll ? LogQuery.MaxLines : LogQuery.DefaultLines), parsed.GetValue(follow))
                + DoraClient.LogConditions(parsed.GetValue(priority) is { } level ? PriorityOf(level) : null, from, to, parsed.GetValue(grep), parsed.GetValue(ignoreCase), parsed.GetValue(kernel), ofBoot);
            return Run(context, path, name, parsed.GetValue(follow), parsed.GetValue(output) ?? "short");
        }));
        return command;
    }

    private static Option<string?> Time(string name, string description) => Checked(new(name) { Description = description, HelpName = "TIME" },
        text => TimeWords.Parse(text, DateTime.UtcNow) is null ? $"{name} {text}: {TimeWords.Forms}" : null);

    private static Option<string?> Checked(Option<string?> option, Func<string, string?> problem)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && problem(result.Tokens[0].Value) is { } message) result.AddError(message);
        });
        return option;
    }

    private static int? PriorityOf(string text)
    {
        int index = text.Length == 1 && text[0] is >= '0' and <= '7' ? text[0] - '0' : Array.IndexOf(s_priorities, text switch { "error" => "err", "warn" => "warning", _ => text });
        return index < 0 ? null : index;
    }

    private static int ListBoots(Context context)
    {
        var boots = context.Client.LogBoots();
        if (context.Json) context.Out.WriteJson(JsonMapWriter.WriteList(boots));
        else
            foreach (var boot in boots)
                context.Out.WriteLine($"{boot.Index,4}  {context.Out.Foreign(boot.Boot)}  {(boot.First is null ? "in RAM only" : $"{context.Out.Foreign(Words.Time(boot.First))} to {context.Out.Foreign(Words.Time(boot.Last ?? ""))}")}");
        return ExitCodes.Ok;
    }

    private static int ShowStatus(Context context)
    {
        var (status, json) = context.Client.LogStatus();
        var screen = context.Out;
        if (context.Json)
        {
            screen.WriteJson(json);
            return ExitCodes.Ok;
        }
        screen.WriteLine($"{status.Lines} lines in RAM, {status.Overwritten} before them have made room");
        if (status.KernelLost > 0) screen.WriteLine(screen.Paint(Tone.Busy, $"{status.KernelLost} lines of the kernel were lost before they could be read"));
        foreach (var dropped in status.Dropped)
            screen.WriteLine(screen.Paint(Tone.Busy, $"{screen.Foreign(dropped.Service.Length > 0 ? dropped.Service : "others")}: {Words.Dropped(dropped)}"));
        if (status.Places.Count > 0) screen.WriteLine($"receives at {screen.Foreign(string.Join(", ", status.Places))}, {status.Connections} connections");
        if (status.LostDatagrams > 0) screen.WriteLine(screen.Paint(Tone.Busy, $"{status.LostDatagrams} datagrams were lost: they came faster than they could be read"));
        return ExitCodes.Ok;
    }

    public static int Run(Context context, string? service, int lines, bool follow) => Run(context, DoraClient.LogPath(service, lines, follow), service, follow, "short");

    private static int Run(Context context, string path, string? service, bool follow, string output)
    {
        if (follow)
        {
            bool isRaw = context.Json || output == "json";
            context.Client.FollowLog(path, line =>
            {
                if (isRaw) context.Out.WriteRaw([.. line, (byte)'\n']);
                else Print(context.Out, line, output);
                context.Out.Flush();
            });
            return ExitCodes.Ok;
        }
        if (context.Json || output == "json")
        {
            context.Client.Stream(path, context.Out.WriteRaw);
            return ExitCodes.Ok;
        }
        bool isEmpty = true;
        var splitter = new LineSplitter(line =>
        {
            isEmpty &= line.IsEmpty;
            Print(context.Out, line, output);
        });
        context.Client.Stream(path, piece =>
        {
            splitter.Feed(piece);
            context.Out.Flush();
        });
        if (isEmpty && service is not null) SayIfUnknown(context, service);
        return ExitCodes.Ok;
    }

    /// <summary>Nothing may be all that a service has written, but not what somebody expects who has mistyped its name.</summary>
    private static void SayIfUnknown(Context context, string name)
    {
        var names = new List<string> { "kernel", "init" };
        try
        {
            foreach (var service in context.Client.Services().Value) names.Add(service.Name);
        }
        catch (DoraException)
        {
            return; // only a help
        }
        if (names.Contains(name)) return;
        context.Error.WriteLine(context.Error.Foreign($"dora: no lines of {name}{(Words.Nearest(name, names) is { } near ? $", did you mean '{near}'?" : ", and there is no such service")}"));
        context.Error.Flush();
    }

    private static void Print(Screen screen, ReadOnlySpan<byte> json, string output)
    {
        if (json.IsEmpty) return; // a sign of life
        LogLine? line = null;
        try
        {
            line = JsonMapReader.Read<LogLine>(json);
        }
        catch (JsonException)
        {
            // One damaged line must not hide the rest: shown as it is.
        }
        screen.WriteLine(line is null ? screen.Foreign(System.Text.Encoding.UTF8.GetString(json)) : output switch
        {
            "cat" => screen.Foreign(line.Message),
            "iso" => Format(screen, line, line.Time),
            _ => Format(screen, line),
        });
    }

    public static string Format(Screen screen, LogLine line) => Format(screen, line, Words.Time(line.Time));

    private static string Format(Screen screen, LogLine line, string time)
    {
        string pid = line.Pid is { } number ? $"[{number}]" : "";
        // What another machine says of itself, behind its address.
        if (line.Stream == "remote") pid = (line.Host ?? line.Tag) is null ? "" : $" {screen.Foreign(line.Host ?? "-")}{(line.Tag is null ? "" : " " + screen.Foreign(line.Tag))}";
        var tone = line.Priority switch { <= 3 => Tone.Bad, 4 => Tone.Busy, 7 => Tone.Faint, _ => Tone.Plain };
        return $"{screen.Paint(Tone.Faint, screen.Foreign(time))} {screen.Foreign(line.Service)}{pid}: {screen.Paint(tone, screen.Foreign(line.Message))}";
    }
}
