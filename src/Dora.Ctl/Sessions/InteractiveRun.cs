using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Ctl.Commands;

namespace Dora.Ctl.Sessions;

/// <summary>A session from its request to its exit code.</summary>
internal sealed class InteractiveRun(Context context, string verb)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2), s_between = TimeSpan.FromMilliseconds(50);

    public string DetachKeys { get; init; } = Sessions.DetachKeys.Usual;

    public int Open(SessionRequest request)
    {
        DoraSession session;
        try
        {
            session = request.Open(context.Client);
        }
        catch (DoraException failure)
        {
            throw Failure(failure, request);
        }
        using (session)
        {
            var client = new SessionClient(context, verb, session)
            {
                IsTerminal = request.IsTerminal, HasInput = request.HasInput, DetachKeys = KeysOf(session),
            };
            int code = client.Run();
            return client.EndSignal != 0 && request.Run.Timeout is not null && HasTimedOut(session.Name) ? ExitCodes.TimedOut : code;
        }
    }

    public int Attach(string name, bool hasInput)
    {
        var query = new System.Text.StringBuilder();
        SessionRequest.AddWindow((key, value) => query.Append(query.Length == 0 ? '?' : '&').Append(key).Append('=').Append(value), SessionClient.WindowSize());
        DoraSession session;
        try
        {
            session = context.Client.Attach(name, query.ToString());
        }
        catch (DoraException failure)
        {
            throw new CommandFailure(failure.Failure == DoraFailure.Refused ? ExitCodes.RunFailed : ExitCodes.Of(failure), failure.Message, failure.Json);
        }
        using (session)
            return new SessionClient(context, verb, session) { IsTerminal = session.IsTerminal && SessionClient.IsOnTerminal, HasInput = hasInput, EndsInput = false, DetachKeys = KeysOf(session) }.Run();
    }

    /// <summary>Starts it and leaves it alone; its name is the result.</summary>
    public int Leave(SessionRequest request)
    {
        try
        {
            using var session = request.Open(context.Client);
            context.Out.WriteLine(context.Out.Foreign(session.Name));
            return ExitCodes.Ok;
        }
        catch (DoraException failure)
        {
            throw Failure(failure, request);
        }
    }

    private DetachKeys? KeysOf(DoraSession session) =>
        session.IsDetachable && Sessions.DetachKeys.Parse(DetachKeys) is { } keys ? new DetachKeys(keys) : null;

    /// <summary>Our codes must not look like the command's.</summary>
    private static CommandFailure Failure(DoraException failure, SessionRequest request)
    {
        bool isNotFound = failure.Error is { Error: "session.exec-failed" } error && error.Data.TryGetValue("errno", out string? errno) && errno == nameof(Errno.ENOENT);
        int code = isNotFound ? ExitCodes.NotFound : failure.Error?.Error == "session.exec-failed" ? ExitCodes.NotExecutable : ExitCodes.RunFailed;
        string message = isNotFound && request is { Service: { } service, Run.Command.Count: 0 }
            ? $"{service}: there is no /bin/sh in its surroundings; 'dora exec {service} -- PROGRAM' runs what there is"
            : failure.Message;
        return new CommandFailure(code, message, failure.Json);
    }

    private bool HasTimedOut(string name)
    {
        var end = Sys.TimeSinceBoot() + s_patience;
        while (true)
        {
            var status = context.Client.Service(name).Value;
            if (status.State is ServiceStates.Done or ServiceStates.Failed or ServiceStates.Stopped || Sys.TimeSinceBoot() > end) return status.Result == ServiceResults.Timeout;
            Thread.Sleep(s_between);
        }
    }
}
