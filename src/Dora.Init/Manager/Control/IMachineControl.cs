using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Control;

/// <summary>
/// What the API can ask of the manager. Every method runs on the loop and returns at once; what takes time is a change,
/// whose end is reported through <see cref="WhenChanged"/>. An exception becomes a 500 for the one client.
/// </summary>
internal interface IMachineControl
{
    IMachineInformation Information { get; }

    VersionInfo Version();

    IReadOnlyList<ServiceSummary> Services();

    /// <summary>Null if there is no such service.</summary>
    ServiceStatus? Service(string name);

    /// <summary>What each service uses of CPU, memory and disks.</summary>
    IReadOnlyList<ServiceUsage> Usage();

    /// <summary>All jobs, without their runs.</summary>
    IReadOnlyList<JobInfo> Jobs();

    /// <summary>With its runs; null if there is no such job, for which <see cref="NoJob"/> has the reason.</summary>
    JobInfo? Job(string name);

    ControlResult? NoJob(string name);

    /// <summary>Runs it now. The change ends with it.</summary>
    ControlResult RunJob(string name);

    ControlResult Start(string name);

    ControlResult Stop(string name);

    ControlResult Restart(string name);

    /// <summary>Runs a command once, as a service of its own; <paramref name="text"/> is its service file. The change ends with it.</summary>
    ControlResult Run(string? name, ReadOnlySpan<byte> text);

    /// <summary>
    /// Opens an interactive session on a connection, of which it takes a duplicate; <paramref name="text"/> is its service file,
    /// <paramref name="rest"/> what the client sent behind the request. Null: the answer comes from there; else why not.
    /// </summary>
    ControlResult? OpenSession(SessionRequest request, ReadOnlySpan<byte> text, FileDescriptor connection, byte[] rest);

    /// <summary>Adds a client to a session; answers as <see cref="OpenSession"/> does.</summary>
    ControlResult? AttachSession(string name, FileDescriptor connection, Relay.AttachRequest request);

    /// <summary>The service reads its own configuration anew.</summary>
    ControlResult Reload(string name);

    /// <summary>How the service files differ from what is in use; answers as <see cref="EndMachine"/> does.</summary>
    IDisposable? CompareFiles(Action<ReloadReport> then, Action<ControlResult> refused);

    /// <summary>Takes them up, unless there is a fingerprint and it is not theirs; answers as <see cref="EndMachine"/> does.</summary>
    IDisposable? ReloadFiles(string? fingerprint, Action<ReloadReport> then, Action<ControlResult> refused);

    /// <summary>Holds it up or down against everybody else, or lets go of it.</summary>
    ControlResult Pin(string name, ServicePin pin);

    /// <summary>Switches it off, also for further boots where /etc outlives them, or takes that back.</summary>
    ControlResult Mask(string name, bool isMasked);

    /// <summary>Answers through <paramref name="then"/>: at once, or, if it returns something, later, unless that is disposed before.</summary>
    IDisposable? EndMachine(MachineEnd verb, EndMachineRequest request, string asker, Action<ControlResult> then);

    ControlResult CancelEnd(string asker);

    MachineStatus Status();

    /// <summary>Answers as <see cref="EndMachine"/> does.</summary>
    IDisposable? UpgradeInit(string path, Action<ControlResult> then);

    /// <summary>Null if there is no such change, or none any more: finished ones are kept for a while.</summary>
    ChangeInfo? Change(string id);

    /// <summary>
    /// Calls <paramref name="then"/> once, from the loop and never before this method returns: when the change is done or
    /// failed, or with its status as it is after <paramref name="wait"/>. Disposing the result before that (the client
    /// went away) lets the call never happen; disposing afterwards does nothing.
    /// </summary>
    IDisposable WhenChanged(string id, TimeSpan wait, Action<ChangeInfo> then);

    BootReport Boot();

    /// <summary>The text that Prometheus scrapes.</summary>
    string Metrics();

    /// <summary>The events behind <paramref name="after"/> that are kept, as NDJSON.</summary>
    byte[] Events(long after);

    /// <summary>Answers on a connection with what is kept and what comes; false if there are too many who follow. The descriptor stays the caller's.</summary>
    bool FollowEvents(FileDescriptor connection, Access access, long after, bool isServerSent);

    /// <summary>
    /// Sends the connection and the query to syslog, which answers on the connection itself. The descriptor (which is
    /// non-blocking) stays the caller's, who closes it after true and answers 503 after false.
    /// </summary>
    bool ServeLogs(FileDescriptor connection, LogQuery query);
}
