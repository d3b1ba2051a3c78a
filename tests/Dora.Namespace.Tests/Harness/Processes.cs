using System.Globalization;
using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Namespace.Tests.Harness;

/// <summary>What a test does to processes from outside, as root of the host.</summary>
static partial class Processes
{
    const long PidfdOpen = 434, PidfdGetfd = 438;

    /// <summary>Whether it catches or ignores a signal.</summary>
    public static bool Heeds(int pid, int signal)
    {
        try
        {
            return File.ReadLines($"/proc/{pid}/status").Any(line => line.StartsWith("SigIgn:", StringComparison.Ordinal) || line.StartsWith("SigCgt:", StringComparison.Ordinal)
                ? (Convert.ToUInt64(line[7..].Trim(), 16) >> (signal - 1) & 1) == 1
                : false);
        }
        catch (IOException)
        {
            return false; // gone
        }
    }

    /// <summary>kill(2) without a shell in between: some tests have to be quick.</summary>
    public static void Signal(int pid, int signal) => Sys.Kill(pid, signal).ThrowIfError("kill", pid.ToString());

    /// <summary>A descriptor of another process: the same open file.</summary>
    public static FileDescriptor Descriptor(int pid, int number)
    {
        using var process = new FileDescriptor((int)syscall(PidfdOpen, pid, 0, 0));
        if (!process.IsOpen) throw new LinuxException(Libc.errno, "pidfd_open");
        var copy = new FileDescriptor((int)syscall(PidfdGetfd, process.Number, number, 0));
        return copy.IsOpen ? copy : throw new LinuxException(Libc.errno, "pidfd_getfd");
    }

    /// <summary>The number of its descriptor that leads to <paramref name="target"/>.</summary>
    public static int DescriptorTo(int pid, string target)
    {
        foreach (string entry in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fd"))
            if (Sys.ReadLink(entry, out string found) == Errno.None && found.StartsWith(target, StringComparison.Ordinal))
                return int.Parse(Path.GetFileName(entry));
        throw new FileNotFoundException($"{pid}: no descriptor of {target}");
    }

    /// <summary>
    /// Sets every reference that its main thread has on its stack to null, as a bit flip in bad memory might: the next
    /// use of one is a null reference. The process should be waiting for something, and be woken up by the caller.
    /// </summary>
    public static void ForgetReferences(int pid)
    {
        (ulong from, ulong to) = ManagedHeap(pid);
        ulong stackPointer = ulong.Parse(File.ReadAllText($"/proc/{pid}/syscall").Split(' ')[^2].AsSpan(2), NumberStyles.HexNumber);
        ulong stackEnd = Maps(pid).Single(map => map.Name == "[stack]").To;
        var words = new ulong[(stackEnd - stackPointer) / 8];
        using var memory = new FileStream($"/proc/{pid}/mem", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        memory.Position = (long)stackPointer;
        memory.ReadExactly(MemoryMarshal.AsBytes(words.AsSpan()));
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] < from || words[i] >= to) continue;
            memory.Position = (long)stackPointer + i * 8;
            memory.Write(new byte[8]);
        }
    }

    // What the collector has reserved is the largest run of mappings without a name.
    static (ulong From, ulong To) ManagedHeap(int pid)
    {
        (ulong From, ulong To) run = default, largest = default;
        foreach (var (from, to, name) in Maps(pid))
        {
            if (name.Length > 0) continue;
            run = from == run.To ? (run.From, to) : (from, to);
            if (run.To - run.From > largest.To - largest.From) largest = run;
        }
        return largest;
    }

    static List<(ulong From, ulong To, string Name)> Maps(int pid)
    {
        var maps = new List<(ulong, ulong, string)>();
        foreach (string line in File.ReadLines($"/proc/{pid}/maps"))
        {
            string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            string[] ends = words[0].Split('-');
            maps.Add((ulong.Parse(ends[0], NumberStyles.HexNumber), ulong.Parse(ends[1], NumberStyles.HexNumber), words.Length > 5 ? words[5] : ""));
        }
        return maps;
    }

    [DllImport("libc")] private static extern nint syscall(long number, long first, long second, long third);
}
