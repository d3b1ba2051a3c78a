using System.Diagnostics;

namespace Dora.Boot.Tests.Harness;

/// <summary>
/// One ssh connection to a machine, held open by a client of its own (ControlMaster) through which commands run as
/// channels. It is the thing that must live on when the manager is killed.
/// </summary>
public sealed class SshSession : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    static int s_count;
    readonly Machine _machine;
    readonly string _control;
    readonly Process _client;
    readonly Task<string> _errors;
    bool _disposed;

    internal SshSession(Machine machine, string key)
    {
        _machine = machine;
        _control = Path.Combine(machine.Folder, $"ssh-{Interlocked.Increment(ref s_count)}");
        _client = Process.Start(new ProcessStartInfo("ssh",
            [.. CommonOptions(machine), "-i", key, "-M", "-S", _control, "-N", "root@127.0.0.1"])
        {
            RedirectStandardInput = true,
            RedirectStandardError = true,
        })!;
        _errors = _client.StandardError.ReadToEndAsync();
    }

    public bool IsOpen => !_disposed && !_client.HasExited;

    internal static IEnumerable<string> CommonOptions(Machine machine) =>
    [
        "-F", "/dev/null", "-p", machine.SshPort.ToString(), "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none",
        "-o", "StrictHostKeyChecking=no", "-o", $"UserKnownHostsFile={machine.Folder}/known_hosts", "-o", "LogLevel=ERROR",
        "-o", "ConnectTimeout=30", "-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=6",
    ];

    internal void WaitUntilOpen(TimeSpan limit)
    {
        long start = Stopwatch.GetTimestamp();
        while (!File.Exists(_control))
        {
            if (_client.HasExited)
                throw new MachineException($"{_machine.Name}: ssh: {_errors.Result.TrimEnd()}", _machine.Transcript.Tail());
            if (Stopwatch.GetElapsedTime(start) > limit)
                throw new MachineException($"{_machine.Name}: ssh: not logged in within {limit.TotalSeconds} s", _machine.Transcript.Tail());
            Thread.Sleep(20);
        }
    }

    /// <summary>Runs a command in this connection and in no other: when the connection is lost, so is the command.</summary>
    public Outcome Run(string command, TimeSpan? limit = null, string? input = null)
    {
        _machine.Transcript.FailOnPanic(command);
        try
        {
            return Programs.RunWithInput(limit ?? s_limit, input, "ssh", "-F", "/dev/null", "-S", _control, "-o", "ProxyCommand=false",
                "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "root@127.0.0.1", command);
        }
        catch (TimeoutException e)
        {
            _machine.Transcript.FailOnPanic(command);
            throw new MachineException($"{_machine.Name}: {e.Message}", _machine.Transcript.Tail(30));
        }
    }

    /// <summary>A socket on the host that leads to a Unix socket of the machine, as long as this connection lives.</summary>
    public string Forward(string path)
    {
        string local = Path.Combine(_machine.Folder, $"forward-{Interlocked.Increment(ref s_count)}");
        Programs.Run(s_limit, "ssh", "-F", "/dev/null", "-S", _control, "-O", "forward", "-L", $"{local}:{path}", "root@127.0.0.1").Expect();
        return local;
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        try
        {
            _client.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
        _client.WaitForExit(TimeSpan.FromSeconds(5));
        _client.Dispose();
    }
}
