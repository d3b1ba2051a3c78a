using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration;

/// <summary>
/// Reads /etc/dora/log.yaml but for <c>forward</c>: how much the log may take of the storage, how much of it a service, and who may send from outside. Strict, as service files are. A file with a problem does not
/// count at all: what is usual holds, and the problem is told.
/// </summary>
internal sealed class LogFile
{
    public const string Path = "/etc/dora/log.yaml";
    private const long Mega = 1 << 20, Most = 1L << 50;

    internal static readonly IReadOnlyList<SettingKey<LogFile>> Keys =
    [
        Key("size", "bytes, such as 500M", "a tenth of the file system, at most 256M", "All files together; the oldest are deleted.", (file, value) => file.Size = value.Bytes(Mega, Most)),
        Key("file-size", "bytes, such as 8M", "8M, at most a quarter of size", "After so much a new file begins.", (file, value) => file.FileSize = value.Bytes(64 << 10, Most)),
        Key("file-age", "duration", "1d", "After so long a new file begins.", (file, value) => file.FileAge = value.Duration(TimeSpan.FromMinutes(1))),
        Key("keep-free", "bytes, such as 1G", "a twentieth of the file system, 4M to 1G", "So much of the file system stays free.", (file, value) => file.KeepFree = value.Bytes(1, Most)),
        Key("rate", "number/duration or none", "none", "Lines of a service, in which time, that are kept; log-rate of its file goes before.", (file, value) => file.Rate = value.PollLimit()),
        Key("receive", "list of places", "nowhere", "Where lines of other machines are taken (ReceiveKeys).", (file, value) => file.Receive = value.ReceivePlaces()),
        Key("forward", "list of targets", "", "To whom lines are sent (ForwardFile).", (_, _) => { }),
    ];

    /// <summary>Bytes; 0: what is usual.</summary>
    public long Size { get; private set; }

    public long FileSize { get; private set; }

    public long KeepFree { get; private set; }

    public TimeSpan FileAge { get; private set; }

    /// <summary>For services without <c>log-rate</c>, and users.</summary>
    public PollLimit Rate { get; private set; }

    /// <summary>Where syslog listens.</summary>
    public List<SocketSettings> Receive { get; private set; } = [];

    public IReadOnlyList<Problem> Problems { get; private init; } = [];

    /// <summary>The file of this machine; there may be none.</summary>
    public static LogFile Load()
    {
        var errno = Sys.ReadFile(Path, out var content);
        return errno switch
        {
            Errno.None => Read(Path, content),
            Errno.ENOENT => new LogFile(),
            _ => new LogFile { Problems = [new Problem(Path, Position.WholeFile, $"cannot be read: {errno.Describe()}")] },
        };
    }

    public static LogFile Read(string path, ReadOnlySpan<byte> text)
    {
        var problems = new ProblemList(path);
        var file = new LogFile();
        if (YamlReader.IsBlank(text)) return file;
        if (YamlReader.Read(text, problems) is { } root)
        {
            if (root is YamlMapping mapping) _ = MappingReader.Read(mapping, "", Keys, file, problems, []);
            else problems.Add(root.Position, $"expected keys and values, found {root.Kind}");
        }
        return problems.Count == 0 ? file : new LogFile { Problems = problems.InOrder() };
    }

    private static SettingKey<LogFile> Key(string name, string form, string @default, string summary, Action<LogFile, SettingValue> apply) =>
        new(name, form, @default, summary, (file, value) =>
        {
            apply(file, value);
            return file;
        });
}
