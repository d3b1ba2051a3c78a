using Dora.Core.Linux;
using Dora.Init.Storage;
using Dora.Init.Storage.Requests;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// What <c>init helper machine FLAGS SUBJECT ...</c> does: one request about the machine or its files, answered on the
/// client's own connection (descriptor 3). Descriptor 0 is what came along: the body of a request. Everything here may
/// block: on a process whose memory is locked, a driver that is asked for a speed, a file on a server that is gone.
/// FLAGS is letters: k keep the connection alive, h the head alone, s secrets too.
/// </summary>
internal static class MachineHelper
{
    private const int LimitSeconds = 60;

    public static int Run(ReadOnlySpan<string> arguments)
    {
        if (arguments.Length < 2) return 2;
        string flags = arguments[0];
        Sys.EndByAlarm();
        Sys.Alarm(LimitSeconds);
        var client = new LentConnection(flags.Contains('k'), flags.Contains('h'));
        bool withSecrets = flags.Contains('s');
        switch (arguments[1..])
        {
            case ["cpu"]: client.Reply(CpuReader.Read("")); break;
            case ["memory"]: client.Reply(MemoryReader.Read("")); break;
            case ["disks"]: client.ReplyList(DiskReader.Read("")); break;
            case ["nics"]: client.ReplyList(NicReader.Read("", NicAddresses.Read())); break;
            case ["os"]: client.Reply(OsReader.Read("", Sys.TimeSinceBoot(), DateTime.UtcNow)); break;
            case ["ports"]: client.ReplyList(PortReader.Read("", KeptSockets())); break;
            case ["dmi"]: client.Reply(DmiReader.Read("", withSecrets)); break;
            case ["processes"]: client.ReplyList(Processes().All()); break;
            case ["process", var pid]: OneProcess(client, pid, withSecrets); break;
            case ["files", var path]: MachineFiles.Describe(client, path); break;
            case ["read", var path, var offset, var length]: FileContent.Read(client, path, Number(offset), Number(length)); break;
            case ["write", var path, var mode]: FileContent.Replace(client, path, Mode(mode)); break;
            case ["append", var path, var mode, var offset]: FileContent.Append(client, path, Mode(mode), offset.Length == 0 ? null : Number(offset)); break;
            case ["remove", var path, var recursive]: MachineFiles.Remove(client, path, recursive == "true"); break;
            case ["folder", var path, var mode]: MachineFiles.MakeFolder(client, path, Mode(mode)); break;
            case ["move", var path, var to, var replace]: MachineFiles.Move(client, path, to, replace == "true"); break;
            case ["mode", var path, var mode, var uid, var gid]: MachineFiles.Change(client, path, Mode(mode), Id(uid), Id(gid)); break;
            default: return StorageHelper.Run(client, arguments[1..]);
        }
        return 0;
    }

    private static ProcessReader Processes() => new("", Sys.TimeSinceBoot(), DateTime.UtcNow);

    private static void OneProcess(LentConnection client, string pid, bool withSecrets)
    {
        if (Processes().One((int)Number(pid), inDetail: true, withSecrets) is { } process) client.Reply(process);
        else client.Refuse(404, "process.not-found", Errno.ESRCH, $"{pid}: there is no such process");
    }

    /// <summary>Lines of INODE SERVICE.</summary>
    private static Dictionary<string, string> KeptSockets()
    {
        var kept = new Dictionary<string, string>();
        foreach (var line in System.Text.Encoding.UTF8.GetString(Body()).AsSpan().EnumerateLines())
        {
            var rest = line;
            string inode = SystemText.NextWord(ref rest).ToString();
            if (rest.Length > 1) kept[inode] = rest[1..].ToString();
        }
        return kept;
    }

    /// <summary>The body of the request, which the manager has put into a memory file.</summary>
    public static byte[] Body()
    {
        var file = new FileDescriptor(0);
        if (Sys.Stat(file, out var status) != Errno.None || (status.st_mode & Libc.S_IFMT) != Libc.S_IFREG) return [];
        var body = new byte[status.st_size];
        int length = 0;
        while (length < body.Length)
        {
            Sys.ReadAt(file, body.AsSpan(length), length, out int count).ThrowIfError("read", "the body of the request");
            if (count == 0) throw new LinuxException(Errno.EIO, "read", "the body of the request");
            length += count;
        }
        return body;
    }

    private static long Number(string text) => SystemText.TryNumber(text, out long number) ? number : 0;

    private static uint? Mode(string text) => SystemText.TryDigits(text, 8, out long mode) ? (uint)mode : null;

    private static uint? Id(string text) => text.Length == 0 ? null : (uint)Number(text);
}
