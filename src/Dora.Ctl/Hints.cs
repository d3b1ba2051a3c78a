using Dora.Core.Client;

namespace Dora.Ctl;

/// <summary>What to do about an error, by its stable name. A test compares them with docs/protocol.md and with init's source.</summary>
internal static class Hints
{
    public static string? For(DoraException failure)
    {
        if (failure.Error is { Error.Length: > 0 } error) return ByName.GetValueOrDefault(error.Error)?.Replace("NAME", NameIn(error.Message) ?? "NAME", StringComparison.Ordinal);
        return failure.Failure switch
        {
            DoraFailure.NoSocket => "run dora on the Pandora machine itself, or forward its socket and name it with --socket",
            DoraFailure.NotReachable => "the guard starts another manager within moments, and services run on: try again; if it stays so, look at the console",
            DoraFailure.NotAnswering => "services run on without it, and the guard replaces a manager that owes it an answer for 10 s: try again; "
                + "if it stays so, as root: kill -KILL PID, with the PID from ps -o pid,args | grep '[i]nit manager'",
            DoraFailure.NotPermitted => "run it as root, or have yourself added to group dora",
            DoraFailure.Unexpected => "see whether --socket names Pandora's socket, and whether dora is of the same version as init",
            _ => null,
        };
    }

    /// <summary>For an error that came inside an answer, such as that of a change which failed.</summary>
    public static string? For(string? error) => error is null ? null : ByName.GetValueOrDefault(error);

    /// <summary>Messages begin with their object: <c>web: is pinned up</c>, <c>vda (a model, a serial number): is claimed already</c>.</summary>
    private static string? NameIn(string message)
    {
        int end = message.IndexOf(": ", StringComparison.Ordinal);
        if (end > 0 && message.IndexOf(" (", 0, end, StringComparison.Ordinal) is > 0 and var more) end = more;
        return end > 0 && !message.AsSpan(0, end).ContainsAny(" /'") ? message[..end] : null;
    }

    private const string Report = "this is a defect of dora or of what stands between it and init: please report it with 'dora version'";
    private const string Later = "try again in a moment";

    internal static Dictionary<string, string> ByName { get; } = new(StringComparer.Ordinal)
    {
        ["http.malformed"] = Report,
        ["http.timeout"] = Later,
        ["http.body-too-large"] = "send less: a request may have 1 MiB",
        ["http.target-too-long"] = "shorten the path and its parameters: they may have 8 KiB",
        ["http.expectation"] = Report,
        ["http.header-too-large"] = Report,
        ["http.not-implemented"] = "use one of the methods that 'dora help protocol' has",
        ["http.version"] = Report,
        ["http.method"] = "see 'dora help protocol', or 'dora api GET /v1/openapi.json', for the methods of this path",
        ["http.busy"] = "too many connections are open; end followers that nobody needs, or try again in a moment",
        ["path.not-found"] = "see 'dora help protocol', or 'dora api GET /v1/openapi.json', for the paths that this init has; dora may be newer than it",
        ["request.parameter"] = "see the command's --help, or 'dora help protocol', for what is expected there",
        ["request.body"] = "see the command's --help, or 'dora help protocol', for what is expected there",
        ["access.denied"] = "run it as root; what is open to group dora can be done by its members too",
        ["access.cross-origin"] = "leave out the Origin field: a web page must not change this machine",
        ["service.invalid"] = "see 'dora help dora-service.5' for the keys and their values",
        ["service.exists"] = "choose another --name, or wait until that one has ended ('dora service list')",
        ["service.too-many"] = "wait until some of the commands have ended ('dora service list')",
        ["service.not-found"] = "'dora service list' has the names",
        ["service.unusable"] = "'dora service check' shows what is wrong with its file; mend it, then 'dora service reload'",
        ["service.masked"] = "'dora service unmask NAME' lets it be started again",
        ["service.masked-elsewhere"] = "take away what the message names: 'dora service unmask' takes back only what an operator has masked",
        ["service.pinned"] = "'dora service unpin NAME' lets go of it",
        ["service.template"] = "name one instance: NAME@ARGUMENT ('dora service list' has those that there are)",
        ["service.mask-failed"] = "see whether /etc/dora/services can be written and its disk has room",
        ["service.leaving"] = "bring back its file ('dora service reload') or its interface first",
        ["service.no-reload"] = "restart it, or give its file a reload-command or a reload-signal",
        ["service.not-running"] = "'dora service start NAME' starts it",
        ["service.no-schedule"] = "'dora cron list' has the jobs; 'dora service start NAME' starts any service",
        ["service.busy"] = "'dora cron log NAME -f' follows the run; 'dora service stop NAME' ends it",
        ["service.failed"] = "'dora service status NAME' tells why, and what to do",
        ["session.upgrade-required"] = "use 'dora exec', 'dora shell' or 'dora run -i', or ask for dora-frames ('dora help protocol')",
        ["session.exec-failed"] = "see whether the command is there, in the surroundings where it is to run, and may be executed",
        ["session.launch-failed"] = "the message names the step that failed: a user, a folder, a limit, a namespace",
        ["session.none"] = "'dora service list' marks sessions as transient; 'dora log NAME' shows the output of any service",
        ["session.ended"] = "'dora service status NAME' tells how it ended, 'dora log NAME' what it wrote",
        ["session.busy"] = "let another client leave, or try again in a moment",
        ["session.version"] = "end the session and begin it anew: it was begun by another version of init",
        ["change.not-found"] = "'dora service status NAME' tells how it is now: changes are forgotten after a while and with a manager that was replaced",
        ["events.busy"] = "end followers that nobody needs ('dora events -f'), or try again in a moment",
        ["log.busy"] = "end followers that nobody needs ('dora log -f'), or try again in a moment",
        ["log.no-boot"] = "'dora log --list-boots' shows the boots that there are lines of",
        ["log.unreadable"] = "'dora storage' tells how the storage is; 'dora log' without --since and --boot shows what is in RAM",
        ["log.not-running"] = "try again in a moment; 'dora service status syslog' tells why it is being restarted",
        ["log.unavailable"] = "'dora service status syslog' tells whether and why syslog does not run",
        ["machine.ending"] = "'dora shutdown status' shows what is under way",
        ["machine.not-scheduled"] = "'dora shutdown status' shows what is under way; what has begun cannot be cancelled",
        ["machine.busy"] = Later,
        ["machine.failed"] = "try again; 'dora log init' may tell more",
        ["machine.timeout"] = "a disk, a network file system or a device does not answer: 'dora log kernel' may tell which",
        ["process.not-found"] = "'dora machine processes' has the numbers",
        ["process.other"] = "the number belongs to another process by now: 'dora machine processes' has the present ones",
        ["process.protected"] = "end the machine, or a service, instead: 'dora service stop', 'dora poweroff'",
        ["process.refused"] = "the kernel does not allow it; 'dora machine process PID' tells more about the process",
        ["file.not-found"] = "'dora file list FOLDER' shows what is there",
        ["file.exists"] = "choose another name, or say that what is there may go (--replace, --recursive)",
        ["file.no-space"] = "make room ('dora machine disks' shows what is full), or write elsewhere",
        ["file.not-regular"] = "only regular files can be read and written: a device or a pipe could block for ever",
        ["file.offset"] = "somebody else has written to it meanwhile, or a piece has arrived twice: begin anew",
        ["file.refused"] = "the message says what the kernel objects to; 'dora file list' shows owner and permissions",
        ["file.failed"] = "the disk or the file system below does not answer as it should: see 'dora log kernel'",
        ["disk.not-found"] = "'dora disk list' has the names of whole disks: a partition cannot be claimed",
        ["disk.refused"] = "'dora disk show NAME' tells what was found on it, and 'dora help dora-storage.7' what can be done about each reason",
        ["disk.token"] = "'dora disk show NAME' gives the token for the disk as it is now: it is for that disk and that content alone",
        ["disk.failed"] = "the disk did not do what it was asked for: 'dora disk health NAME' and 'dora log kernel' may tell why",
        ["storage.unavailable"] = "try again; 'dora log init' may tell more",
        ["storage.none"] = "'dora disk list' shows what could be claimed",
        ["storage.cancelled"] = "'dora disk scrub' begins it anew",
        ["storage.busy"] = "wait for what is being done with a disk, then try again; a scrub is ended by 'dora disk scrub --cancel'",
        ["machine.kexec"] = "see 'dora help ending' for what kexec needs; --or-reboot goes through the firmware instead",
        ["init.unsuitable"] = "give the path of an init for this machine, static and executable; 'dora log init' may tell more",
        ["reload.outdated"] = "the files have changed since they were shown: do it again",
        ["reload.failed"] = "see whether the disk with /etc/dora/services answers, then try again",
        ["internal"] = "this is a defect of init, which goes on: 'dora log init' has the details, please report them",
    };
}
