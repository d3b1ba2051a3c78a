namespace Dora.Ctl;

/// <summary>What scripts may rely on; docs/man/dora.1.md.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int NoSuchService = 3;
    public const int NotPermitted = 4;
    public const int NotReachable = 5;
}
