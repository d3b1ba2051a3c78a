using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

// What the file says about stdin, stdout, stderr and files of variables.
internal sealed partial class ServiceLauncher
{
    private void Redirect(LaunchPlanBuilder builder, Service service, HelperCommand? helper, List<FileDescriptor> opened)
    {
        var process = service.Settings.Process;
        if (helper is not null)
        {
            // What it says goes where the service's words go, behind them; the input is the service's alone.
            if (Output("stdout", Appended(process.Output), service, opened) is { } words) builder.Redirect("stdout", words, 1);
            if (Output("stderr", Appended(process.Error), service, opened) is { } errors) builder.Redirect("stderr", errors, 2);
            return;
        }
        if (service.Settings.Crontab?.Input is { } text) builder.Redirect("stdin", Written(text, opened), 0);
        if (Input(process.Input, opened) is { } input) builder.Redirect("stdin", input, 0);
        if (Output("stdout", process.Output, service, opened) is { } stdout) builder.Redirect("stdout", stdout, 1);
        if (Output("stderr", process.Error, service, opened) is { } stderr) builder.Redirect("stderr", stderr, 2);
    }

    private static StreamTarget? Appended(StreamTarget? target) =>
        target is { Kind: StreamKind.EmptiedFile } ? new StreamTarget(StreamKind.File, target.Path) : target;

    /// <summary>The terminal is its user's, who may open it again by name; of the one before, nothing is left.</summary>
    private static void OwnTerminal(ServiceSettings settings, Identity identity)
    {
        if (settings.Terminal is not { } path) return;
        const uint SameGroup = uint.MaxValue; // chown(2): -1
        var errno = Sys.ChangeOwner(path, identity.Uid, SameGroup);
        if (errno == Errno.None) errno = Sys.ChangeMode(path, 0x190 /* 0620 */);
        if (errno != Errno.None) Log.Debug($"{settings.Name}: own {path}: {errno.Describe()}");
    }

    // null: what the service has anyway.
    private static FileDescriptor? Input(StreamTarget? target, List<FileDescriptor> opened) => target?.Kind switch
    {
        null or StreamKind.Terminal => null,
        StreamKind.File => Open("stdin", target.Path, Libc.O_RDONLY, opened),
        _ => Open("stdin", "/dev/null", Libc.O_RDONLY, opened),
    };

    private static FileDescriptor Written(string text, List<FileDescriptor> opened)
    {
        Sys.MakeMemoryFile("stdin", out var file).ThrowIfError("memfd_create");
        opened.Add(file);
        Sys.WriteAllAt(file, System.Text.Encoding.UTF8.GetBytes(text), 0).ThrowIfError("write", "stdin");
        return Lift(file, opened);
    }

    private FileDescriptor? Output(string stream, StreamTarget? target, Service service, List<FileDescriptor> opened)
    {
        switch (target?.Kind)
        {
            case null or StreamKind.Terminal:
                return null;
            case StreamKind.None:
                return Open(stream, "/dev/null", Libc.O_WRONLY, opened);
            case StreamKind.File:
                return Open(stream, target.Path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND, opened);
            case StreamKind.EmptiedFile:
                return Open(stream, target.Path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_APPEND | Libc.O_TRUNC, opened);
            case StreamKind.Log:
                var (standardOutput, standardError) = output.OpenFor(service.Name);
                opened.Add(standardOutput);
                opened.Add(standardError);
                return Lift(stream == "stdout" ? standardOutput : standardError, opened);
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private static FileDescriptor Open(string stream, string path, int flags, List<FileDescriptor> opened)
    {
        // O_NONBLOCK: a FIFO that nobody reads must not hold up the manager; it says ENXIO.
        var errno = Sys.Open(path, flags | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0x1A0 /* 0640 */, out var file);
        if (errno != Errno.None) throw new LaunchException($"{stream}: open {path}: {errno.Describe()}");
        opened.Add(file);
        Sys.SetBlocking(file).ThrowIfError("fcntl", path);
        return Lift(file, opened);
    }

    private static void ReadEnvironmentFiles(LaunchPlanBuilder builder, ServiceSettings settings)
    {
        foreach (var file in settings.Process.EnvironmentFiles)
        {
            var errno = Sys.ReadFile(file.Path, out var content, EnvironmentFile.Largest);
            if (errno == Errno.ENOENT && file.MayBeMissing) continue;
            if (errno != Errno.None) throw new LaunchException($"environment-files: {file.Path}: {errno.Describe()}");
            if (EnvironmentFile.Read(content, (name, value) => builder.Variable(name, value)) is { } problem)
                throw new LaunchException($"environment-files: {file.Path}:{problem}");
        }
    }
}
