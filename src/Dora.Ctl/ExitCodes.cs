using Dora.Core.Client;

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

    // Of `dora run`, whose exit code is otherwise that of the command; as env(1), timeout(1) and shells have them.
    public const int TimedOut = 124;
    public const int RunFailed = 125;
    public const int NotExecutable = 126;
    public const int NotFound = 127;
    public const int Signal = 128;

    public static int Of(DoraException failure) => failure.Failure switch
    {
        DoraFailure.NotPermitted => NotPermitted,
        DoraFailure.NotFound when failure.Error?.Error == "service.not-found" => NoSuchService,
        DoraFailure.Refused when failure.Error?.Error is "request.parameter" or "request.body" => Usage,
        DoraFailure.NoSocket or DoraFailure.NotReachable or DoraFailure.NotAnswering or DoraFailure.Unexpected => NotReachable,
        _ => Failed,
    };
}
