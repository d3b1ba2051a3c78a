using System.CommandLine;
using Dora.Core.Protocol;

namespace Dora.Ctl.Commands;

/// <summary><c>dora poweroff|reboot|halt</c>. Does not wait: whoever asks is among those who are ended.</summary>
internal static class MachineCommand
{
    public static Command Build(string verb, string description, Binder bind)
    {
        var force = new Option<bool>("--force") { Description = "do not wait for services to stop" };
        var command = new Command(verb, description) { force };
        command.SetAction(bind((context, parsed) => Run(context, verb, parsed.GetValue(force))));
        return command;
    }

    private static int Run(Context context, string verb, bool force)
    {
        byte[] body = force ? "{\"force\":true}"u8.ToArray() : [];
        var (change, json) = context.Client.Post<ChangeInfo>($"/v1/machine/{verb}", body);
        if (context.Json) context.Out.WriteRaw(json);
        else if (change.Status == ChangeInfo.Failed) context.Error.WriteLine($"dora: {verb}: {context.Error.Foreign(change.Error?.Message ?? "failed")}");
        else context.Out.WriteLine(force ? $"{verb}: under way, without waiting for services" : $"{verb}: under way, services are being stopped");
        context.Error.Flush();
        return change.Status == ChangeInfo.Failed ? ExitCodes.Failed : ExitCodes.Ok;
    }
}
