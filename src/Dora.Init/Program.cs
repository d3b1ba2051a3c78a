namespace Dora.Init;

internal static class Program
{
    private static int Main(string[] arguments)
    {
        Native.ignore_sent_faults();
        return arguments.Length;
    }
}
