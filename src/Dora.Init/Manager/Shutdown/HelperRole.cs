using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Sources;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.Supervision.Scheduling;

namespace Dora.Init.Manager.Shutdown;

/// <summary>What `init helper ...` does: one thing that may block, and one line on standard output about how it went.</summary>
internal static class HelperRole
{
    private const int CopyNumber = 3, MostBytes = 64 << 20;

    /// <summary>What the self test of another init says, and so what it must begin with.</summary>
    public const string VersionPrefix = "pandora-init ";

    public static int Run(ReadOnlySpan<string> arguments) => arguments switch
    {
        ["load-kernel", var kernel, var initramfs, var commandLine] => Answer(LoadKernel(kernel, initramfs, commandLine)),
        ["prepare", var path] => Answer(Prepare(path)),
        ["machine", ..] => MachineInfo.MachineHelper.Run(arguments[1..]),
        ["log-folder", var user] => Answer(Logging.LogFolder.Run(user)),
        [JobHistory.HelperVerb] => Answer(JobHistory.Store(new FileDescriptor(CopyNumber))),
        [JobHistory.ReadVerb] => Answer(JobHistory.Copy(new FileDescriptor(CopyNumber))),
        ["read-services", .. var directories] => Answer(ReadServices(directories.ToArray())),
        _ => 2,
    };

    public static int PrintVersion() =>
        Answer($"{VersionPrefix}{typeof(HelperRole).Assembly.GetName().Version?.ToString(3) ?? "0"} handover {Handover.Format} record {GuardRecord.Size}");

    /// <summary>kexec_file_load(2): reads both files, which may lie on a slow medium, and checks signatures where the kernel is told to.</summary>
    private static string LoadKernel(string kernel, string initramfs, string commandLine)
    {
        var errno = Sys.Open(kernel, Libc.O_RDONLY, 0, out var kernelFile);
        if (errno != Errno.None) return $"error: open {kernel}: {errno.Describe()}";
        FileDescriptor? initramfsFile = null;
        if (initramfs.Length > 0 && (errno = Sys.Open(initramfs, Libc.O_RDONLY, 0, out initramfsFile)) != Errno.None)
            return $"error: open {initramfs}: {errno.Describe()}";
        errno = Sys.LoadKernel(kernelFile, initramfsFile, commandLine);
        return errno switch
        {
            Errno.None => "loaded",
            Errno.ENOSYS => "error: this kernel has no kexec (CONFIG_KEXEC_FILE)",
            Errno.EPERM => "error: the kernel does not allow it: it is locked down, or kernel.kexec_load_disabled is set, or this is a container",
            Errno.ENOEXEC => $"error: {kernel} is no kernel image",
            Errno.EKEYREJECTED or Errno.EBADMSG or Errno.ENODATA => $"error: {kernel}: its signature is not accepted: {errno.Describe()}",
            _ => $"error: load {kernel}: {errno.Describe()}",
        };
    }

    /// <summary>Copies the program to the memory file in descriptor 3, checks the copy and executes its self test in the place of this process.</summary>
    private static string Prepare(string path)
    {
        // O_NONBLOCK: a FIFO must not be waited for.
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_NONBLOCK, 0, out var source);
        if (errno != Errno.None) return $"error: open {path}: {errno.Describe()}";
        var copy = new FileDescriptor(CopyNumber);
        var buffer = new byte[1 << 16];
        long length = 0;
        while (true)
        {
            errno = Sys.Read(source, buffer, out int count);
            if (errno != Errno.None) return $"error: read {path}: {errno.Describe()}";
            if (count == 0) break;
            if (length == 0 && ExecutableCheck.Problem(buffer.AsSpan(0, count)) is { } problem) return $"error: {path}: {problem}";
            if (length + count > MostBytes) return $"error: {path}: larger than {MostBytes >> 20} MiB";
            errno = Sys.WriteAllAt(copy, buffer.AsSpan(0, count), length);
            if (errno != Errno.None) return $"error: copy {path} to memory: {errno.Describe()}";
            length += count;
        }
        if (length == 0) return $"error: {path}: it is empty";
        errno = Sys.Execute($"/proc/self/fd/{CopyNumber}", ["init", "--version"], []);
        return $"error: execute {path}: {errno.Describe()}";
    }

    /// <summary>Writes what the directories of service files hold to the memory file in descriptor 3.</summary>
    private static string ReadServices(string[] directories)
    {
        var sources = ServiceSources.Read(directories);
        sources.AddEnvironmentFiles(ServiceDirectory.Load(sources));
        sources.ReadMounts();
        var errno = Sys.WriteAllAt(new FileDescriptor(CopyNumber), SavedSources.Write(sources), 0);
        return errno == Errno.None ? "read" : $"error: write what was read: {errno.Describe()}";
    }

    private static int Answer(string line)
    {
        Sys.Say(line);
        return line.StartsWith("error: ", StringComparison.Ordinal) ? 1 : 0;
    }
}
