using System.CommandLine;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora boot</c>: where the time went.</summary>
internal static class BootCommand
{
    public static Command Build(Binder bind)
    {
        var plot = new Option<string?>("--plot") { Description = "draw it: a picture (SVG) for a browser; - is stdout", HelpName = "FILE" };
        var command = new Command("boot", "stages and services of this boot with their times") { plot };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(plot))));
        return command;
    }

    private static int Run(Context context, string? plot)
    {
        var (boot, json) = context.Client.Boot();
        if (context.Json) context.Out.WriteJson(json);
        else if (plot is not null) Plot(context, boot, plot);
        else Print(context.Out, boot);
        return ExitCodes.Ok;
    }

    private static void Plot(Context context, BootReport boot, string file)
    {
        var version = context.Client.Version().Value;
        string svg = BootPlot.Draw(boot, $"Boot of {version.Hostname}: {version.Product} {version.Version}, kernel {version.Kernel}");
        if (file == "-")
        {
            context.Out.Write(svg);
            return;
        }
        var errno = Sys.Open(file, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC, 0x1A4, out var fd);
        if (errno == Errno.None)
            using (fd) errno = Sys.WriteAllAt(fd, System.Text.Encoding.UTF8.GetBytes(svg), 0);
        if (errno != Errno.None) throw new CommandFailure(ExitCodes.Failed, $"{file}: {errno.Describe()}");
        context.Out.WriteLine(context.Out.Foreign($"{file}: drawn; a browser shows it"));
    }

    public static void Print(Screen screen, BootReport boot)
    {
        var stages = new Table("PHASE", "STAGE", "START s", "TOOK s", "DETAIL") { AlignRight = [2, 3], Dispensable = [0] };
        foreach (var stage in boot.Stages)
            stages.Add((screen.Foreign(stage.Phase), Tone.Plain), (screen.Foreign(stage.Name), Tone.Plain), (Words.Seconds(stage.StartMs), Tone.Plain),
                (stage.EndMs is { } end ? Words.Seconds(end - stage.StartMs) : "...", stage.EndMs is null ? Tone.Busy : Tone.Plain),
                (screen.Foreign(stage.Detail ?? ""), Tone.Faint));
        stages.Write(screen);
        screen.WriteLine();

        var services = new Table("SERVICE", "START s", "TOOK s", "STATE") { AlignRight = [1, 2] };
        foreach (var service in boot.Services)
            services.Add((screen.Foreign(service.Name), Tone.Plain), (service.StartedMs is { } start ? Words.Seconds(start) : "-", Tone.Plain),
                (service is { StartedMs: { } from, ReadyMs: { } to } ? Words.Seconds(to - from) : "-", Tone.Plain),
                (screen.Foreign(service.State), Words.ToneOf(service.State)));
        services.Write(screen);
        screen.WriteLine();

        screen.WriteLine(boot.ReadyMs is { } ready
            ? $"ready {Words.Seconds(ready)} s after the kernel started, {Words.Seconds(ready - boot.HandoverMs)} s after it started init"
            : "not ready yet");
        var path = BootPath.Of(boot);
        if (path.Count > 0) screen.WriteLine(screen.Foreign($"decided by {string.Join(", then ", path.Select(service => service.Name))}"));
    }
}
