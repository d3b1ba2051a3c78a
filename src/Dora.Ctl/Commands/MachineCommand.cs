using System.CommandLine;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Client;

namespace Dora.Ctl.Commands;

/// <summary>
/// <c>dora poweroff|reboot|halt|kexec|soft-reboot</c> and <c>dora shutdown</c>. An end is not waited for: whoever asks
/// is among those who are ended.
/// </summary>
internal static class MachineCommand
{
    public static Command Build(string verb, string description, Binder bind)
    {
        var force = new Option<bool>("--force") { Description = "pre-empt what is under way and wait for nothing" };
        var at = new Option<string>("--at") { Description = "later: at this time (UTC): 23:00 or 2026-11-21T23:00", HelpName = "TIME" };
        var after = new Option<string>("--in") { Description = "later: after this time: 10m, 1h30m", HelpName = "DURATION" };
        var message = new Option<string>("--message") { Description = "why, for those who are logged in", HelpName = "TEXT" };
        var cancel = new Option<bool>("--cancel") { Description = "cancel what is scheduled" };
        var command = new Command(verb, description) { force, at, after, message, cancel };
        var kexec = verb == "reboot" ? new Option<bool>("--kexec") { Description = "start the kernel again without the firmware (see dora kexec)" } : null;
        if (kexec is not null) command.Add(kexec);
        bool isKernel = verb == "kexec";
        var kernel = new Option<string>("--kernel") { Description = "kernel to start; the boot medium's unless told", HelpName = "FILE" };
        var initramfs = new Option<string>("--initramfs") { Description = "its initramfs; the boot medium's unless a kernel is given", HelpName = "FILE" };
        var commandLine = new Option<string>("--command-line") { Description = "its command line; this one's unless told", HelpName = "TEXT" };
        var orReboot = new Option<bool>("--or-reboot") { Description = "reboot through the firmware if the kernel cannot be loaded" };
        if (isKernel)
        {
            command.Add(kernel);
            command.Add(initramfs);
            command.Add(commandLine);
            command.Add(orReboot);
        }
        command.SetAction(bind((context, parsed) =>
        {
            if (parsed.GetValue(cancel)) return Cancel(context);
            bool isKexec = isKernel || (kexec is not null && parsed.GetValue(kexec));
            var request = new EndMachineRequest
            {
                Force = parsed.GetValue(force),
                At = parsed.GetValue(at),
                In = parsed.GetValue(after),
                Message = parsed.GetValue(message),
                Kernel = isKernel ? parsed.GetValue(kernel) : null,
                Initramfs = isKernel ? parsed.GetValue(initramfs) : null,
                CommandLine = isKernel ? parsed.GetValue(commandLine) : null,
                OrReboot = isKernel && parsed.GetValue(orReboot),
            };
            return Run(context, isKexec ? "kexec" : verb, request);
        }));
        return command;
    }

    /// <summary><c>dora shutdown status|cancel</c>.</summary>
    public static Command BuildShutdown(Binder bind)
    {
        var cancel = new Command("cancel", "cancel the end of the machine that is scheduled");
        cancel.SetAction(bind(static (context, _) => Cancel(context)));
        var status = new Command("status", "whether the machine is being ended, or will be");
        status.SetAction(bind(static (context, _) => Status(context)));
        return new Command("shutdown", "ends of the machine: status, cancel") { status, cancel };
    }

    private static int Run(Context context, string verb, EndMachineRequest request)
    {
        var (change, json) = context.Client.End(verb, request);
        if (context.Json) context.Out.WriteJson(json);
        else if (request.In is not null || request.At is not null) return Status(context);
        else if (request.Force) context.Out.WriteLine($"{change.Verb}: under way, without waiting for services");
        else context.Out.WriteLine($"{change.Verb}: under way, services are being stopped");
        return ExitCodes.Ok;
    }

    private static int Cancel(Context context)
    {
        var (_, json) = context.Client.CancelEnd();
        if (context.Json) context.Out.WriteJson(json);
        else context.Out.WriteLine("cancelled");
        return ExitCodes.Ok;
    }

    private static int Status(Context context)
    {
        var (status, json) = context.Client.Machine();
        if (context.Json)
        {
            context.Out.WriteJson(json);
            return ExitCodes.Ok;
        }
        string text = status.State switch
        {
            MachineStatus.Scheduled => $"{status.Verb}: scheduled for {Time(status.At)} by {status.By}" + (status.Message is { } why ? $": {why}" : ""),
            MachineStatus.Ending => $"{status.Verb}: under way since {Time(status.At)}, asked for by {status.By}, phase {status.Phase}, at most {status.LimitMs / 1000} s for services"
                + (status.WaitsFor is { Count: > 0 } names ? $", waiting for {string.Join(", ", names)}" : ""),
            _ => "running; no end is scheduled",
        };
        context.Out.WriteLine(context.Out.Foreign(text));
        return ExitCodes.Ok;
    }

    private static string Time(Moment? moment) => moment is { Wall.Length: > 19 } ? $"{moment.Wall[..10]} {moment.Wall[11..19]} UTC" : "an unknown time";
}
