using System.CommandLine;
using Dora.Core.Client;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora storage [status]</c>: what persists, and what lies in RAM.</summary>
internal static class StorageCommand
{
    public static Command Build(Binder bind)
    {
        var status = new Command("status", "where the machine keeps what is to persist, and what lies in RAM");
        status.SetAction(bind(static (context, _) => Status(context)));
        var storage = new Command("storage", "storage: what persists, and what lies in RAM") { status };
        storage.SetAction(bind(static (context, _) => Status(context)));
        return storage;
    }

    private static int Status(Context context)
    {
        var (status, json) = context.Client.Storage();
        if (context.Json) context.Out.WriteJson(json);
        else StorageText.Write(context.Out, status);
        return ExitCodes.Ok;
    }

    /// <summary>Says that what was just done is forgotten at the next boot, if that is so.</summary>
    /// <param name="context">Where to ask and to say it.</param>
    /// <param name="path">Where it was written.</param>
    public static void SayIfInMemory(Context context, string path)
    {
        try
        {
            foreach (var one in context.Client.Storage().Value.Paths)
                if (one.Path == path && !one.Persistent) context.Out.WriteLine(context.Out.Paint(Tone.Faint, $"until the next boot: {path} is in RAM ('dora storage' tells more)"));
        }
        catch (DoraException)
        {
            // An init that does not know of storage; what was asked for is done.
        }
    }
}
