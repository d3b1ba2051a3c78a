using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Guard;

/// <summary>
/// /sbin/poweroff, reboot and halt: people, hypervisors and the kernel (orderly_poweroff) call them by path. They ask
/// through signals to PID 1, which works with and without a manager; `-f` ends the machine at once.
/// </summary>
internal static class EndRequest
{
    public static int Send(MachineEnd end, string[] arguments)
    {
        if (Array.IndexOf(arguments, "-f") < 0) return Report(Sys.Kill(1, Ending.SignalFor(end)), end);
        Sys.SynchronizeDisks();
        return Report(Sys.Reboot(Ending.CommandFor(end)), end);
    }

    public static int Usage()
    {
        Print("init: this is PID 1 of Pandora; to control the machine use dora, poweroff, reboot or halt\n");
        return 2;
    }

    private static int Report(Errno errno, MachineEnd end)
    {
        if (errno == Errno.None) return 0;
        Print($"{Ending.Describe(end)}: {errno.Describe()}\n");
        return 1;
    }

    private static void Print(string text)
    {
        var standardError = new FileDescriptor(2);
        _ = Sys.Write(standardError, Encoding.UTF8.GetBytes(text), out _);
        _ = standardError.Release();
    }
}
