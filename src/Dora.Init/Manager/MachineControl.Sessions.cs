using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Relay;

namespace Dora.Init.Manager;

// Interactive sessions: transient services with a relay.
internal sealed partial class MachineControl
{
    public ControlResult? OpenSession(SessionRequest request, ReadOnlySpan<byte> text, FileDescriptor connection, byte[] rest)
    {
        Service? target = null;
        if (request.Service is { } of)
        {
            if (supervisor.Find(of) is not { } found) return WhyUnusable(of);
            if (found.State is not { Pid: not 0, Phase: ServicePhase.Running or ServicePhase.Starting or ServicePhase.Reloading })
                return ControlResult.Refused(Refusal.Conflict, "service.not-running", $"{of}: it is {MachineReports.StateName(found)}: only what runs has surroundings to enter");
            if (found.Relay is not null)
                return ControlResult.Refused(Refusal.Conflict, "service.not-running", $"{of}: is an interactive session itself: attach to it");
            target = found;
        }
        if (WhyNoTransient(request.Name, text.Length) is { } refused) return refused;
        string name = request.Name ?? supervisor.NextTransientName(target is null ? "run" : "exec");
        var read = TransientService.ReadSession(name, text, target?.Settings);
        if (read.Settings is not { } settings) return Invalid(read);

        Sys.Duplicate(connection, out var copy).ThrowIfError("dup");
        var saved = new SavedRelay(target?.Name, target?.State.Pid ?? 0, request.IsTerminal, request.IsDetachable);
        var opening = new RelayOpening(copy, rest) { IsTerminal = request.IsTerminal, Rows = request.Rows, Columns = request.Columns, HasInput = request.HasInput };
        supervisor.RunTransient(settings, Encoding.UTF8.GetString(text), ServiceRelay.Open(supervisor.Store, name, saved, opening));
        return null;
    }

    public ControlResult? AttachSession(string name, FileDescriptor connection, AttachRequest request)
    {
        if (supervisor.Find(name) is not { } service) return WhyUnusable(name);
        if (service.Relay is not { } relay)
            return ControlResult.Refused(Refusal.Conflict, "session.none", $"{name}: is no interactive session: 'dora log {name}' shows its output, 'dora shell {name}' opens a shell beside it");
        if (service.State.IsAtRest) return ControlResult.Refused(Refusal.Conflict, "session.ended", $"{name}: the session has ended");
        var errno = relay.Attach(connection, request);
        return errno switch
        {
            Errno.None => null,
            Errno.EAGAIN => ControlResult.Refused(Refusal.Unavailable, "session.busy", $"{name}: does not answer at the moment, try again"),
            _ => ControlResult.Refused(Refusal.Conflict, "session.ended", $"{name}: cannot be attached to: {errno.Describe()}"),
        };
    }
}
