using System.CommandLine;
using System.Text.Json;
using Dora.Core.Client;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora log [-f] [-n N] [SERVICE]</c>.</summary>
internal static class LogCommand
{
    public static Command Build(Binder bind)
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "go on with new lines until interrupted" };
        var lines = new Option<int>("--lines", "-n")
        {
            Description = $"how many of the latest lines, 0 to {LogQuery.MaxLines}",
            HelpName = "N",
            DefaultValueFactory = _ => LogQuery.DefaultLines,
        };
        lines.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out int n) && n is >= 0 and <= LogQuery.MaxLines))
                result.AddError($"-n {result.Tokens[0].Value}: a number from 0 to {LogQuery.MaxLines} is expected");
        });
        var service = new Argument<string?>("SERVICE") { Description = "only lines of this service", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("log", "log lines of services and kernel") { follow, lines, service };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(service), parsed.GetValue(lines), parsed.GetValue(follow))));
        return command;
    }

    public static int Run(Context context, string? service, int lines, bool follow)
    {
        string path = DoraClient.LogPath(service, lines, follow);
        if (context.Json)
        {
            context.Client.Stream(path, context.Out.WriteRaw);
            return ExitCodes.Ok;
        }
        var splitter = new LineSplitter(line => Print(context.Out, line));
        context.Client.Stream(path, piece =>
        {
            splitter.Feed(piece);
            context.Out.Flush();
        });
        return ExitCodes.Ok;
    }

    private static void Print(Screen screen, ReadOnlySpan<byte> json)
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
        screen.WriteLine(line is null ? screen.Foreign(System.Text.Encoding.UTF8.GetString(json)) : Format(screen, line));
    }

    public static string Format(Screen screen, LogLine line)
    {
        string pid = line.Pid is { } number ? $"[{number}]" : "";
        var tone = line.Priority switch { <= 3 => Tone.Bad, 4 => Tone.Busy, 7 => Tone.Faint, _ => Tone.Plain };
        return $"{screen.Paint(Tone.Faint, screen.Foreign(Words.Time(line.Time)))} {screen.Foreign(line.Service)}{pid}: {screen.Paint(tone, screen.Foreign(line.Message))}";
    }
}
