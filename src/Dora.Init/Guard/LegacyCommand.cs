using System.Text;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Guard;

/// <summary>
/// The names that people, hypervisors and the kernel itself (orderly_poweroff) call by path: poweroff, reboot, halt,
/// shutdown, init and telinit, with the arguments that sysvinit, busybox and systemd have taught. What is meant for now
/// asks through a signal to PID 1, which works with and without a manager; <c>-f</c> ends the machine at once; what
/// takes a manager (a time, a cancellation) is dora's.
/// </summary>
internal sealed record LegacyCommand
{
    private static readonly TimeSpan s_syncLimit = TimeSpan.FromSeconds(10);

    /// <summary>How the machine is to end; null if the command is none of that.</summary>
    public MachineEnd? End { get; init; }

    /// <summary>At once, by reboot(2) from here.</summary>
    public bool IsDirect { get; init; }

    /// <summary>With <see cref="IsDirect"/>: what is dirty is not written first.</summary>
    public bool NoSync { get; init; }

    /// <summary>What dora is to be called with; empty: nothing.</summary>
    public IReadOnlyList<string> Dora { get; init; } = [];

    /// <summary>Why it cannot be done; null when it can.</summary>
    public string? Problem { get; init; }

    public static int Run(string program, string[] arguments)
    {
        var command = Parse(program, arguments);
        if (command.Problem is not null) return Fail($"{program}: {command.Problem}", 2);
        if (command.Dora.Count > 0) return ExecuteDora(program, command.Dora);
        if (command.End is not { } end) return 0;
        if (command.IsDirect)
        {
            if (!command.NoSync) Synchronize();
            var failed = Sys.Reboot(Ending.CommandFor(end));
            return failed == Errno.None ? 0 : Fail($"{program}: {failed.Describe()}", 1);
        }
        var errno = Sys.Kill(1, Ending.SignalFor(end));
        // A signal to PID 1 is for root; the API knows operators as well.
        if (errno == Errno.EPERM) return ExecuteDora(program, [VerbOf(end)]);
        return errno == Errno.None ? 0 : Fail($"{program}: {errno.Describe()}", 1);
    }

    internal static LegacyCommand Parse(string program, IReadOnlyList<string> arguments) => program switch
    {
        "poweroff" or "reboot" or "halt" or "shutdown" when arguments is ["--help"] => new() { Dora = [program, "--help"] },
        "poweroff" => ParseEnd(MachineEnd.PowerOff, arguments),
        "reboot" => ParseEnd(MachineEnd.Reboot, arguments),
        "halt" => ParseEnd(MachineEnd.Halt, arguments),
        "shutdown" => ParseShutdown(arguments),
        _ => ParseRunlevel(arguments),
    };

    private static LegacyCommand ParseEnd(MachineEnd end, IReadOnlyList<string> arguments)
    {
        var command = new LegacyCommand { End = end };
        foreach (string argument in arguments)
        {
            switch (argument)
            {
                case "-f" or "--force" or "-ff": command = command with { IsDirect = true }; break;
                case "-n" or "--no-sync": command = command with { NoSync = true }; break;
                case "-p" or "--poweroff": command = command with { End = MachineEnd.PowerOff }; break;
                case "--halt": command = command with { End = MachineEnd.Halt }; break;
                case "--reboot": command = command with { End = MachineEnd.Reboot }; break;
                // Only a record in wtmp, which nobody keeps here.
                case "-w" or "--wtmp-only": return new LegacyCommand();
                case "-d" or "-i" or "-h" or "--no-wtmp" or "--no-wall": break;
                default: return Wrong(argument);
            }
        }
        return command;
    }

    private static LegacyCommand ParseShutdown(IReadOnlyList<string> arguments)
    {
        var end = MachineEnd.PowerOff;
        string? when = null;
        var message = new List<string>();
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument.Length < 2 || argument[0] != '-' || when is not null)
            {
                if (when is null) when = argument;
                else message.Add(argument);
                continue;
            }
            switch (argument)
            {
                case "--poweroff": end = MachineEnd.PowerOff; continue;
                case "--reboot": end = MachineEnd.Reboot; continue;
                case "--halt": end = MachineEnd.Halt; continue;
                case "--no-wall": continue;
                case "-t":
                    i++; // sysvinit: seconds between TERM and KILL; each service has its own here
                    continue;
            }
            foreach (char letter in argument.AsSpan(1))
            {
                switch (letter)
                {
                    case 'h' or 'P': end = MachineEnd.PowerOff; break;
                    case 'H': end = MachineEnd.Halt; break;
                    case 'r': end = MachineEnd.Reboot; break;
                    case 'c': return new LegacyCommand { Dora = ["shutdown", "cancel"] };
                    case 'a' or 'f' or 'F' or 'y': break;
                    default: return Wrong(argument);
                }
            }
        }

        when ??= "+1"; // systemd's
        if (when is "now" or "+0" or "0") return new LegacyCommand { End = end };
        List<string> dora = [VerbOf(end)];
        if (when.Contains(':')) dora.AddRange(["--at", when]);
        else if (int.TryParse(when.AsSpan(when.StartsWith('+') ? 1 : 0), System.Globalization.NumberStyles.None, null, out int minutes)) dora.AddRange(["--in", $"{minutes}m"]);
        else return new LegacyCommand { Problem = $"{when}: the time is now, +MINUTES or HH:MM" };
        if (message.Count > 0) dora.AddRange(["--message", string.Join(' ', message)]);
        return new LegacyCommand { Dora = dora };
    }

    private static LegacyCommand ParseRunlevel(IReadOnlyList<string> arguments) => arguments switch
    {
        ["0"] => new() { End = MachineEnd.PowerOff },
        ["6"] => new() { End = MachineEnd.Reboot },
        ["u" or "U"] => new() { Dora = ["init", "upgrade", "/sbin/init"] },
        [var level] when level.Length == 1 => new() { Problem = $"{level}: there are no runlevels here; 0 powers off, 6 reboots, u executes /sbin/init anew" },
        _ => new() { Problem = "this is PID 1 of Pandora; to control the machine use dora, poweroff, reboot, halt or shutdown" },
    };

    private static LegacyCommand Wrong(string argument) => new() { Problem = $"{argument}: unknown; try --help, or 'dora help shutdown'" };

    private static string VerbOf(MachineEnd end) => end switch
    {
        MachineEnd.Reboot => "reboot",
        MachineEnd.Halt => "halt",
        _ => "poweroff",
    };

    private static int ExecuteDora(string program, IReadOnlyList<string> arguments)
    {
        string path = "/usr/bin/dora";
        if (!Sys.Exists(path) && Sys.ReadLink(Program.OwnPath, out string own) == Errno.None) path = own[..(own.LastIndexOf('/') + 1)] + "dora";
        var errno = Sys.Execute(path, ["dora", .. arguments], ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
        return Fail($"{program}: execute {path}: {errno.Describe()}", 1);
    }

    /// <summary>sync(2) in a child: on a lost disk it never ends, and `reboot -f` is for just that moment.</summary>
    private static void Synchronize()
    {
        var sync = Launcher.Launch(new LaunchPlanBuilder("sync", ["init", "finish", "sync"], Program.OwnPath).Build(asSibling: false));
        var deadline = Sys.TimeSinceBoot() + s_syncLimit;
        while (sync.Succeeded && !Reaper.TryReap(sync.Pid, out _) && Sys.TimeSinceBoot() < deadline)
            _ = Sys.WaitForSignals([Libc.SIGCHLD], TimeSpan.FromMilliseconds(100));
    }

    private static int Fail(string text, int code)
    {
        var standardError = new FileDescriptor(2);
        _ = Sys.Write(standardError, Encoding.UTF8.GetBytes(text + "\n"), out _);
        _ = standardError.Release();
        return code;
    }
}
