using System.Globalization;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Machine;

namespace Dora.Core.Client;

/// <summary>What the machine is made of, what runs on it, and its files.</summary>
public sealed partial class DoraClient
{
    /// <summary>The most bytes that one request can write; longer content goes in pieces (<see cref="AppendFile"/>).</summary>
    public const int MostBytesAtOnce = 512 * 1024;

    /// <summary>Processors and their load.</summary>
    public Answer<CpuInfo> Cpu() => Get<CpuInfo>("/v1/machine/cpu");

    /// <summary>Memory and what it is used for.</summary>
    public Answer<MemoryInfo> Memory() => Get<MemoryInfo>("/v1/machine/memory");

    /// <summary>Disks, their partitions and where they are mounted.</summary>
    public Answer<IReadOnlyList<DiskInfo>> Disks() => GetList<DiskInfo>("/v1/machine/disks");

    /// <summary>Network interfaces and their addresses.</summary>
    public Answer<IReadOnlyList<NicInfo>> Nics() => GetList<NicInfo>("/v1/machine/nics");

    /// <summary>Kernel, distribution, uptime.</summary>
    public Answer<OsInfo> Os() => Get<OsInfo>("/v1/machine/os");

    /// <summary>Sockets that listen, and whose they are.</summary>
    public Answer<IReadOnlyList<PortInfo>> Ports() => GetList<PortInfo>("/v1/machine/ports");

    /// <summary>What the firmware says of the machine.</summary>
    public Answer<DmiInfo> Dmi() => Get<DmiInfo>("/v1/machine/dmi");

    /// <summary>All processes.</summary>
    public Answer<IReadOnlyList<ProcessInfo>> Processes() => GetList<ProcessInfo>("/v1/machine/processes");

    /// <summary>One process and its limits.</summary>
    public Answer<ProcessInfo> Process(int pid) => Get<ProcessInfo>($"/v1/machine/processes/{pid.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Sends a signal to a process.</summary>
    /// <param name="pid">Its number.</param>
    /// <param name="signal">Name or number of the signal.</param>
    /// <param name="startedMs"><see cref="ProcessInfo.StartedAt"/> in milliseconds since boot: another process of this number is spared.</param>
    public Answer<ProcessSignal> Kill(int pid, string signal = "TERM", long? startedMs = null) =>
        Post<ProcessSignal>($"/v1/machine/processes/{pid.ToString(CultureInfo.InvariantCulture)}/kill?signal={Escape(signal)}"
            + (startedMs is { } ms ? $"&started={ms.ToString(CultureInfo.InvariantCulture)}" : ""));

    /// <summary>A file, and what is in it if it is a folder.</summary>
    public Answer<FileStatus> File(string path) => Get<FileStatus>($"/v1/machine/files?path={Escape(path)}");

    /// <summary>Gives the content of a file to <paramref name="sink"/>, piece by piece.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sink">Gets the bytes.</param>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many; all that there are unless told.</param>
    public void ReadFile(string path, Action<ReadOnlySpan<byte>> sink, long offset = 0, long? length = null)
    {
        string target = $"/v1/machine/files/content?path={Escape(path)}&offset={offset.ToString(CultureInfo.InvariantCulture)}"
            + (length is { } most ? $"&length={most.ToString(CultureInfo.InvariantCulture)}" : "");
        var refusal = new MemoryStream();
        var reader = new HttpResponseReader();
        Exchange("GET", target, [], reader, piece =>
        {
            if (reader.Status == 200) sink(piece);
            else refusal.Write(piece);
        }, s_answerLimit);
        if (reader.Status != 200) throw Failure(reader.Status, refusal.ToArray());
        if (!reader.IsComplete) throw new DoraException(DoraFailure.NotReachable, $"{path}: cut off: it could not be read to its end");
    }

    /// <summary>Writes a file as a whole: whoever reads it sees the old content or the new.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">At most <see cref="MostBytesAtOnce"/>.</param>
    /// <param name="mode">Permissions in octal; those that it has, or 0644, unless told.</param>
    public Answer<FileStatus> WriteFile(string path, byte[] content, string? mode = null) =>
        Ask("PUT", $"/v1/machine/files/content?path={Escape(path)}{ModeParameter(mode)}", content, static json => JsonMapReader.Read<FileStatus>(json));

    /// <summary>Adds to the end of a file, which is made if it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">At most <see cref="MostBytesAtOnce"/>.</param>
    /// <param name="offset">Where the end must be; a piece that is there already is not added again.</param>
    /// <param name="mode">Permissions in octal of a new file; 0644 unless told.</param>
    public Answer<FileStatus> AppendFile(string path, byte[] content, long? offset = null, string? mode = null) =>
        Ask("PUT", $"/v1/machine/files/content?path={Escape(path)}&append=true{ModeParameter(mode)}"
            + (offset is { } at ? $"&offset={at.ToString(CultureInfo.InvariantCulture)}" : ""), content, static json => JsonMapReader.Read<FileStatus>(json));

    /// <summary>Removes a file or folder.</summary>
    /// <param name="path">What to remove; of a link the link itself.</param>
    /// <param name="recursive">With all that is in it.</param>
    public Answer<FileStatus> RemoveFile(string path, bool recursive = false) =>
        Ask("DELETE", $"/v1/machine/files?path={Escape(path)}{(recursive ? "&recursive=true" : "")}", [], static json => JsonMapReader.Read<FileStatus>(json));

    /// <summary>Makes a folder and those that it is in.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="mode">Permissions in octal; 0755 unless told.</param>
    public Answer<FileStatus> MakeFolder(string path, string? mode = null) => Post<FileStatus>($"/v1/machine/files/folder?path={Escape(path)}{ModeParameter(mode)}");

    /// <summary>Gives a file another name on the same file system.</summary>
    /// <param name="path">The file.</param>
    /// <param name="to">Its new path.</param>
    /// <param name="replace">Whether what is there already goes.</param>
    public Answer<FileStatus> MoveFile(string path, string to, bool replace = false) =>
        Post<FileStatus>($"/v1/machine/files/move?path={Escape(path)}&to={Escape(to)}{(replace ? "&replace=true" : "")}");

    /// <summary>Changes permissions and owner.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Permissions in octal.</param>
    /// <param name="uid">Number of its user.</param>
    /// <param name="gid">Number of its group.</param>
    public Answer<FileStatus> ChangeMode(string path, string? mode = null, long? uid = null, long? gid = null) =>
        Post<FileStatus>($"/v1/machine/files/mode?path={Escape(path)}{ModeParameter(mode)}"
            + (uid is { } user ? $"&uid={user.ToString(CultureInfo.InvariantCulture)}" : "") + (gid is { } group ? $"&gid={group.ToString(CultureInfo.InvariantCulture)}" : ""));

    private static string ModeParameter(string? mode) => mode is null ? "" : $"&mode={Escape(mode)}";
}
