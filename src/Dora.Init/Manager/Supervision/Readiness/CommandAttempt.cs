using Dora.Core.Configuration;

namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>A program that looks at a service: a child process beside the main one, ended with 0 for success.</summary>
internal sealed class CommandAttempt(Helpers helpers, HelperKind kind, ProbeSettings probe) : ProbeAttempt
{
    private Action<string?>? _done;
    private int _pid;

    public override void Begin(Action<string?> done)
    {
        var result = helpers.Launch(kind, probe.Command);
        if (!result.Succeeded)
        {
            done(result.Failure);
            return;
        }
        _done = done;
        _pid = result.Pid;
    }

    /// <summary>An exit; false when it is none of this.</summary>
    public bool Ended(int pid, ProcessExit exit)
    {
        if (_pid != pid || _done is not { } done) return false;
        _done = null;
        helpers.Kill(kind); // what it has left behind
        done(exit.IsSuccess ? null : $"{probe.Command[0]}: {exit.Describe()}");
        return true;
    }

    public override void Dispose()
    {
        if (_done is null) return;
        _done = null;
        helpers.Kill(kind);
    }
}
