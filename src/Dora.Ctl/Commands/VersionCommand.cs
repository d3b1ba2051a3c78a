using System.CommandLine;
using Dora.Core.Protocol;

namespace Dora.Ctl.Commands;

internal static class VersionCommand
{
    public static Command Build(Binder bind)
    {
        var command = new Command("version", "versions of the system");
        command.SetAction(bind(static (context, _) => Run(context)));
        return command;
    }

    private static int Run(Context context)
    {
        var (version, json) = context.Client.Version();
        if (context.Json) context.Out.WriteJson(json);
        else context.Out.WriteLine(context.Out.Foreign(
            $"{version.Product} {version.Version} on {version.Hostname}, kernel {version.Kernel}, {version.Machine}, api {version.Api}"));
        return ExitCodes.Ok;
    }
}
