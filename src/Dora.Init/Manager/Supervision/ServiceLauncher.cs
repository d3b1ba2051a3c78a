using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision.Readiness;
using Dora.Init.Manager.Supervision.Sockets;

namespace Dora.Init.Manager.Supervision;

/// <summary>From settings to a running process: looks up users, opens streams, compiles the plan, launches it.</summary>
internal sealed partial class ServiceLauncher(IServiceOutput output, HeldSockets sockets) : IServiceLauncher
{
    /// <summary>Never throws: what cannot be opened, found or compiled is a failure in words.</summary>
    public LaunchResult Launch(Service service, FileDescriptor? readiness, HelperCommand? helper = null)
    {
        var opened = new List<FileDescriptor>();
        try
        {
            service.Companions?.BeforeLaunch();
            return Launcher.Launch(Plan(service, readiness, helper, opened));
        }
        catch (Exception exception) when (exception is LinuxException or LaunchException or ArgumentException or InvalidOperationException)
        {
            return new LaunchResult(0, $"{service.Name}: {exception.Message}", (exception as LinuxException)?.Errno ?? Errno.None);
        }
        finally
        {
            foreach (var fd in opened) fd.Dispose();
        }
    }

    public void Kill(int pid, int signal) => _ = Sys.Kill(pid, signal);

    public Cgroup CgroupOf(EventLoop loop, string path, string name, Action emptied) => new(loop, path, name, emptied);

    private LaunchPlan Plan(Service service, FileDescriptor? readiness, HelperCommand? helper, List<FileDescriptor> opened)
    {
        if (helper is null && service.Relay is { } relay) return RelayPlan(service, relay, opened);
        var settings = service.Settings;
        var builder = new LaunchPlanBuilder(settings.Name, helper?.Words ?? (settings.Crontab is { } line ? [.. settings.Command, line.Command] : settings.Command)) { HasOnlyNamedDescriptors = true };

        var identity = Identity.Of(settings);
        EnterCgroup(builder, service, helper, identity);
        MakeRuntimeDirectory(settings, identity);
        Streams(builder, service, helper, opened);
        if (helper is null) OwnTerminal(settings, identity);
        Redirect(builder, service, helper, opened);

        var passed = new List<(string, FileDescriptor)>();
        if (!settings.PerConnection && helper is null)
            foreach (var (name, fd) in settings.Logger ? LoggerSockets(settings) : sockets.Of(settings))
            {
                // A run before it, or a life as per-connection, may have left it otherwise: a program finds it as it would open it.
                Sys.SetBlocking(fd).ThrowIfError("fcntl", name);
                passed.Add((name, Lift(fd, opened)));
            }
        if (helper is null && service.Companions is { } companions)
            foreach (var stored in companions.Stored) passed.Add((stored.Name, Lift(stored.Fd, opened)));
        if (settings.Logger && helper is null)
            foreach (var (name, fd) in output.LoggerDescriptors()) passed.Add((name, Lift(fd, opened)));
        identity.Introduce(builder);
        // crontab(5): not that of the user, which may let nobody in.
        if (settings.Crontab is not null) builder.Variable("SHELL", "/bin/sh");
        // Before ours: a LISTEN_PID of the file's own would be written over, whatever its length.
        ReadEnvironmentFiles(builder, settings);
        foreach (var (variable, value) in settings.Environment) builder.Variable(variable, value);
        service.State.Cause?.Introduce(builder);
        builder.ListenDescriptors(passed);
        service.Companions?.Introduce(builder, helper);

        if (readiness is not null) builder.Variable("NOTIFY_FD", builder.Pass("notify", Lift(readiness, opened)).ToString());
        // Last, while all before was still done as root: a terminal is taken, descriptors are placed beyond a low nofile.
        identity.ApplyTo(builder, settings);
        return builder.Build(asSibling: true);
    }

    /// <summary>Also those at which log.yaml has it listen; without one of them it runs all the same.</summary>
    private IReadOnlyList<(string Name, FileDescriptor Fd)> LoggerSockets(ServiceSettings settings)
    {
        var all = new List<SocketSettings>(settings.Sockets);
        foreach (var place in LogFile.Load().Receive) all.Add(place with { From = null }); // no other socket by that
        return sockets.Of(settings with { Sockets = all }, problem => Log.Warn($"{settings.Name}: {problem}: nothing is received there"));
    }

    private static void EnterCgroup(LaunchPlanBuilder builder, Service service, HelperCommand? helper, Identity identity)
    {
        var errno = MakeCgroup(service, helper, identity);
        if (errno == Errno.None) builder.Cgroup = helper?.Cgroup ?? service.Cgroup.Path;
        else if (errno == Errno.EBUSY) throw new LaunchException("processes of an earlier run are left that could not be killed");
        else Log.Warn($"{service.Name}: cgroup {service.Cgroup.Path}: {errno.Describe()}; it starts without one");
    }

    // A helper before the main process makes the folder of both; what an earlier helper left is below it. One that comes when all
    // is gone makes a folder for itself.
    private static Errno MakeCgroup(Service service, HelperCommand? helper, Identity identity)
    {
        bool isFirst = helper is null ? service.Settings.PreStart.Count == 0 : helper.Kind is HelperKind.PreStart or HelperKind.PostStop;
        var errno = isFirst ? service.Cgroup.Renew() : service.Cgroup.Create();
        if (errno == Errno.EBUSY && service.Settings.LeavesProcesses) errno = service.Cgroup.Create();
        if (errno != Errno.None) return errno;
        // Once in each run: the service may have set others since (delegate), and they hold for its helpers as well.
        if (isFirst && service.Slice is { } slice)
            CgroupLimits.ApplySlice(CgroupPaths.SliceOf(service.Cgroup.Path)!, service.SliceSettings ?? throw new LaunchException($"slice: there is no group '{slice}'"));
        if (isFirst) CgroupLimits.Apply(service.Cgroup.Path, service.Settings, identity);
        return helper is null ? Errno.None : Cgroup.Renew(helper.Cgroup);
    }

    private void Streams(LaunchPlanBuilder builder, Service service, HelperCommand? helper, List<FileDescriptor> opened)
    {
        if (service.Settings.Terminal is { } path && helper is null)
        {
            builder.Terminal(OpenTerminal(path, opened), path);
            builder.Variable("TERM", path.StartsWith("/dev/ttyS", StringComparison.Ordinal) ? "vt220" : "linux");
            return;
        }

        var (standardOutput, standardError) = service.Settings.Logger ? OwnVoice(opened) : output.OpenFor(service.Name);
        opened.Add(standardOutput);
        opened.Add(standardError);
        FileDescriptor stdout = Lift(standardOutput, opened), stderr = Lift(standardError, opened);
        if (service.Connection is { } connection && helper is null)
        {
            // inetd(8): the connection is stdin and stdout; what it says on stderr is logged.
            var stream = Lift(connection, opened);
            builder.StandardStreams(stream, stream, stderr);
            return;
        }
        if (service.Settings.SocketStdin)
        {
            // inetd(8), wait: the socket itself is stdin. What the program says is logged, for there is nobody to say it to.
            builder.StandardStreams(Lift(sockets.Of(service.Settings)[0].Fd, opened), stdout, stderr);
            return;
        }
        Sys.Open("/dev/null", Libc.O_RDONLY, 0, out var nothing).ThrowIfError("open", "/dev/null");
        opened.Add(nothing);
        builder.StandardStreams(Lift(nothing, opened), stdout, stderr);
    }

    // The logger's own output must not come back to it: what it has to say when it fails goes to the kernel's log.
    private static (FileDescriptor, FileDescriptor) OwnVoice(List<FileDescriptor> opened)
    {
        Sys.Open("/dev/kmsg", Libc.O_WRONLY, 0, out var kmsg).ThrowIfError("open", "/dev/kmsg");
        opened.Add(kmsg);
        Sys.Duplicate(kmsg, out var copy).ThrowIfError("dup");
        return (kmsg, copy);
    }

    private static FileDescriptor OpenTerminal(string path, List<FileDescriptor> opened)
    {
        // O_NONBLOCK: opening a serial line would wait for its carrier. A line without a port says EIO here.
        Sys.Open(path, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var terminal).ThrowIfError("open", path);
        opened.Add(terminal);
        Sys.SetBlocking(terminal).ThrowIfError("fcntl", path);
        return Lift(terminal, opened);
    }

    /// <summary>A copy with a number that placing descriptors in the child cannot overwrite.</summary>
    private static FileDescriptor Lift(FileDescriptor fd, List<FileDescriptor> opened)
    {
        Sys.Duplicate(fd, out var copy, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
        opened.Add(copy);
        return copy;
    }

    private static void MakeRuntimeDirectory(ServiceSettings settings, Identity identity)
    {
        if (settings.RuntimeDirectory is null) return;
        string path = $"/run/{settings.RuntimeDirectory}";
        Sys.MakeDirectories(path, 0x1ED).ThrowIfError("make folder", path);
        Sys.ChangeOwner(path, identity.Uid, identity.Gid).ThrowIfError("chown", path);
    }
}
