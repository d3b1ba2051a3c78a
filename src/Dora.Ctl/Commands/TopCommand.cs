using System.CommandLine;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora top</c>: what services use, as it changes.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan s_firstLook = TimeSpan.FromMilliseconds(500), s_look = TimeSpan.FromSeconds(2);

    /// <summary>A terminal that has changed its size is drawn anew within this time.</summary>
    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(250);

    public static Command Build(Binder bind)
    {
        var once = new Option<bool>("--once") { Description = "print it once, over half a second, instead of going on" };
        var sort = new Option<string>("--sort") { Description = "what goes first: cpu, memory or name", HelpName = "ORDER", DefaultValueFactory = _ => "cpu" };
        sort.AcceptOnlyFromAmong("cpu", "memory", "name");
        var command = new Command("top", "what services use of CPU, memory and disks, live") { once, sort };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(once), parsed.GetValue(sort)![0])));
        return command;
    }

    private static int Run(Context context, bool isOnce, char order)
    {
        if (context.Json)
        {
            context.Out.WriteJson(context.Client.Usage().Json);
            return ExitCodes.Ok;
        }
        var table = new UsageTable { Order = order };
        table.Take(context.Client.Usage().Value, Sys.TimeSinceBoot());
        using var live = isOnce || !context.Out.IsTerminal ? null : LiveTerminal.Open(context.Out.Descriptor);
        if (live is null)
        {
            Thread.Sleep(s_firstLook);
            table.Take(context.Client.Usage().Value, Sys.TimeSinceBoot());
            table.Write(context.Out);
            context.Out.WriteLine();
            context.Out.WriteLine(table.Sum());
            return ExitCodes.Ok;
        }
        Show(context, table, live, null);
        Follow(context, table, live);
        return ExitCodes.Ok;
    }

    private static void Follow(Context context, UsageTable table, LiveTerminal live)
    {
        var next = Sys.TimeSinceBoot() + s_firstLook;
        var size = live.Size;
        string? fault = null;
        while (!live.HasEnded)
        {
            var wait = next - Sys.TimeSinceBoot();
            var key = live.Key(wait > s_glance ? s_glance : wait);
            if (key is 'q' or 'Q' or '\u0003' or '\u0004') return; // Ctrl-C and Ctrl-D come as keys
            if (key is 'c' or 'm' or 'n') table.Order = key.Value;
            bool isDue = Sys.TimeSinceBoot() >= next;
            if (isDue)
            {
                fault = Look(context, table);
                next = Sys.TimeSinceBoot() + s_look;
            }
            if (!isDue && key is null && live.Size == size) continue;
            size = live.Size;
            Show(context, table, live, fault);
        }
    }

    /// <summary>Null, or why there was nothing to see: a manager that is replaced comes back.</summary>
    private static string? Look(Context context, UsageTable table)
    {
        try
        {
            table.Take(context.Client.Usage().Value, Sys.TimeSinceBoot());
            return null;
        }
        catch (DoraException failure)
        {
            return failure.Message;
        }
    }

    private static void Show(Context context, UsageTable table, LiveTerminal live, string? fault)
    {
        var screen = context.Out;
        char order = table.Order;
        screen.WriteLine(fault is null ? screen.Paint(Tone.Strong, table.Sum()) : screen.Paint(Tone.Bad, screen.Foreign(fault)));
        screen.WriteLine(screen.Paint(Tone.Faint, $"sorted by {(order == 'c' ? "CPU" : order == 'm' ? "memory" : "name")}; c, m, n: sort by CPU, memory, name; q: quit"));
        table.Write(screen, live.Size.Rows - 3);
        live.Show(screen.Take());
    }
}
