using System.Diagnostics;

namespace Dora.Boot.Tests.Harness;

public sealed partial class Machine
{
    static readonly TimeSpan s_sshLimit = TimeSpan.FromSeconds(60);
    readonly List<SshSession> _sessions = [];
    SshSession? _shared;

    /// <summary>The loopback port that leads to the machine's port 22.</summary>
    public int SshPort { get; private set; }

    /// <summary>Waits for the banner of sshd. Each try is a connection, which socket activation answers with a process.</summary>
    public string WaitForSsh(TimeSpan? limit = null)
    {
        var most = limit ?? BootLimit;
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < most)
        {
            Transcript.FailOnPanic("the ssh port");
            if (Sockets.Banner(SshPort, TimeSpan.FromSeconds(10)) is { } banner && banner.StartsWith("SSH-2.0", StringComparison.Ordinal)) return banner;
            if (HasEnded) throw new MachineException($"{Name}: the machine ended while waiting for ssh", Transcript.Tail());
            Thread.Sleep(200);
        }
        throw new MachineException($"{Name}: no ssh banner within {most.TotalSeconds} s", Transcript.Tail());
    }

    /// <summary>
    /// Runs a command as root over one shared connection (a handshake costs a second under emulation), made when first
    /// needed and made anew when it was lost.
    /// </summary>
    public Outcome Ssh(string command, TimeSpan? limit = null, string? input = null)
    {
        if (_shared is not { IsOpen: true })
        {
            _shared?.Dispose();
            _shared = OpenSession();
        }
        return _shared.Run(command, limit, input);
    }

    /// <summary>As <see cref="Ssh"/>, and the command must succeed; its output without the last newline.</summary>
    public string SshOutput(string command, TimeSpan? limit = null, string? input = null)
    {
        var outcome = Ssh(command, limit, input);
        if (outcome.ExitCode != 0)
            throw new MachineException($"{Name}: `{command}`: exit code {outcome.ExitCode}\n{outcome.Output}{outcome.Errors}", Transcript.Tail(20));
        return outcome.Output.TrimEnd('\n');
    }

    /// <summary>A connection of its own, open until it is disposed or the machine is.</summary>
    public SshSession OpenSession(string? key = null)
    {
        var session = new SshSession(this, key ?? Artifacts.BuiltInKey);
        _sessions.Add(session);
        session.WaitUntilOpen(s_sshLimit);
        return session;
    }

    /// <summary>One connection without a shared one: for other keys, other options, refusals.</summary>
    public Outcome SshOnce(string command, IEnumerable<string> options, TimeSpan? limit = null) =>
        Programs.Run(limit ?? s_sshLimit, "ssh", [.. SshSession.CommonOptions(this), .. options, "root@127.0.0.1", command]);

    void CloseSessions()
    {
        foreach (var session in _sessions) session.Dispose();
    }
}
