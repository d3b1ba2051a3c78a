using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Client;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary>
/// A command that is waited for: its output comes from the log as it is written, its end from init, and Ctrl-C (or a
/// closed terminal) asks init to stop it. The log ends its answer when nobody holds the command's output any more; that
/// may be before the command has ended (it closed them), or because syslog or we were too slow (then it goes on behind
/// the last line that was seen). So lines are read once more after the end was seen, and then all of them are there. Where
/// syslog is being restarted just then, they wait for the next one in their pipes, and so do we.
/// </summary>
internal sealed class AttachedRun(Context context, RunRequest request)
{
    /// <summary>A longer line was cut by syslog and may go on.</summary>
    private const int LongestLine = 8000;

    private static readonly TimeSpan s_between = TimeSpan.FromMilliseconds(200), s_quiet = TimeSpan.FromSeconds(2);

    private readonly DoraClient _client = context.Client;
    private string? _name;
    private long _lastSequence;
    private bool _isLineOpen, _isLogMissing, _isWaitTold;
    private TimeSpan? _missingSince;
    private int _interrupts;

    public int Follow()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupted);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupted);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Interrupted);
        // Lines that are there already are none of ours.
        while (!TryRead(() => _lastSequence = _client.LatestLogSequence()))
        {
            Thread.Sleep(s_between);
            if (Volatile.Read(ref _interrupts) > 0) throw new CommandFailure(ExitCodes.RunFailed, "run: interrupted while it waited for syslog: the command was not run");
        }
        var (change, _) = RunCommand.Ask(_client, request);
        Volatile.Write(ref _name, change.Service);
        if (Volatile.Read(ref _interrupts) > 0) Stop();

        // The first time at once: what is written before somebody reads has only the log's memory.
        bool isWhole = TryRead(Stream), hasEnded = false;
        while (!hasEnded || !isWhole)
        {
            if (hasEnded) Thread.Sleep(s_between);
            else hasEnded = HasEnded(change.Id);
            isWhole = TryRead(Stream);
        }
        CloseLine();
        var (status, json) = Status();
        if (context.Json) context.Out.WriteJson(json);
        return ExitCode(status);
    }

    // The rest of a line that was cut when the connection broke comes again.
    private void Stream() => _client.Log(DoraClient.LogPath(_name, LogQuery.MaxLines, follow: true, _lastSequence, untilEnd: true), Print);

    /// <summary>False while it is worth another try: syslog or the manager is being replaced.</summary>
    private bool TryRead(Action read)
    {
        try
        {
            read();
            _missingSince = null;
        }
        catch (DoraException failure)
        {
            var now = Sys.TimeSinceBoot();
            _missingSince ??= now;
            if (DoraClient.IsBetweenTwo(failure, wasThere: _name is not null) && now - _missingSince < DoraClient.LongestSilence)
            {
                if (now - _missingSince > s_quiet) SayOnce(ref _isWaitTold, $"waiting for the log, at most {DoraClient.LongestSilence.TotalSeconds} s: syslog or init is being restarted");
                return false;
            }
            SayOnce(ref _isLogMissing, $"its output is not to be had now: {failure.Message}");
        }
        return true;
    }

    private void SayOnce(ref bool isSaid, string message)
    {
        if (isSaid) return;
        isSaid = true;
        context.Error.WriteLine($"dora: run: {context.Error.Foreign(message)}");
        context.Error.Flush();
    }

    private void Print(LogLine line)
    {
        bool isLost = line.Stream == "syslog" && line.Service == "syslog";
        if (line.Sequence is { } sequence) _lastSequence = sequence;
        if (line.Service != _name && !isLost) return; // of its instances, had it any
        if (context.Json)
        {
            context.Out.WriteRaw([.. JsonMapWriter.Write(line), (byte)'\n']);
            return;
        }
        if (isLost)
        {
            CloseLine();
            context.Error.WriteLine($"dora: run: {context.Error.Foreign(line.Message)}");
            context.Error.Flush();
        }
        else if (line.Stream is "output" or "error") PrintOutput(line, line.Stream == "error" ? context.Error : context.Out);
    }

    // As the command wrote it, escape sequences too: it is what we were asked to run.
    private void PrintOutput(LogLine line, Screen screen)
    {
        if (line.Continued != true) CloseLine();
        byte[] text = Encoding.UTF8.GetBytes(line.Message);
        _isLineOpen = text.Length >= LongestLine;
        screen.WriteRaw(_isLineOpen ? text : [.. text, (byte)'\n']);
    }

    private void CloseLine()
    {
        if (_isLineOpen) context.Out.WriteRaw("\n"u8);
        _isLineOpen = false;
    }

    /// <summary>Asks once, and waits a little where the last answer was that it has not.</summary>
    private bool HasEnded(string changeId)
    {
        try
        {
            var (change, _) = _client.Get<ChangeInfo>($"/v1/changes/{Uri.EscapeDataString(changeId)}?wait={(int)s_between.TotalMilliseconds}ms");
            if (change.Service == _name) return change.Status != ChangeInfo.Doing;
        }
        catch (DoraException failure) when (failure.Error?.Error == "change.not-found")
        {
            // A manager that was replaced has forgotten the change, or given its number to another.
        }
        Thread.Sleep(s_between);
        return Status().Value.State is ServiceStates.Done or ServiceStates.Failed or ServiceStates.Stopped;
    }

    private Answer<ServiceStatus> Status() => _client.Service(_name!);

    // On a thread of the runtime, while the other waits for the log. The second time the signal does what it does.
    private void Interrupted(PosixSignalContext signal)
    {
        if (Interlocked.Increment(ref _interrupts) > 1) return;
        signal.Cancel = true;
        if (Volatile.Read(ref _name) is not null) Stop();
    }

    private void Stop()
    {
        try
        {
            _client.Change(_name!, "stop");
        }
        catch (DoraException failure)
        {
            context.Error.WriteLine($"dora: run: {context.Error.Foreign(failure.Message)}");
            context.Error.Flush();
        }
    }

    private int ExitCode(ServiceStatus status)
    {
        int? code = status.Result is ServiceResults.Timeout ? ExitCodes.TimedOut : LaunchFailure(status);
        code ??= status.LastExit is { Signal: { } signal } ? ExitCodes.Signal + signal : null;
        if (code is { } failed)
        {
            Say(status);
            return failed;
        }
        return status.LastExit?.Code ?? (status.State == ServiceStates.Done ? ExitCodes.Ok : ExitCodes.RunFailed);
    }

    private void Say(ServiceStatus status)
    {
        context.Error.WriteLine($"dora: {context.Error.Foreign($"{status.Name}: {status.Reason ?? (status.LastExit is { } exit ? Words.Exit(exit) : status.State)}")}");
        context.Error.Flush();
    }

    /// <summary>The exit code for a command that never ran; null if it has.</summary>
    public static int? LaunchFailure(ServiceStatus status) => status.Result switch
    {
        ServiceResults.ExecFailed => status.Errno == nameof(Errno.ENOENT) ? ExitCodes.NotFound : ExitCodes.NotExecutable,
        ServiceResults.LaunchFailed or ServiceResults.PreStart or ServiceResults.Dependency => ExitCodes.RunFailed,
        _ => null,
    };
}
