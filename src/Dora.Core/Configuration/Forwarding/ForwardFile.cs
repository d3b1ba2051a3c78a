using Dora.Core.Configuration.Yaml;
using Dora.Core.Linux;

namespace Dora.Core.Configuration.Forwarding;

/// <summary>
/// Reads <c>forward</c> of /etc/dora/log.yaml; the other keys are those of the store. Strict: each problem has its place. A target with a
/// problem is left out, and the others are used.
/// </summary>
internal sealed class ForwardFile
{
    public const string Path = "/etc/dora/log.yaml";
    public const int MostTargets = 20;

    private readonly List<ForwardTarget> _targets = [];

    public IReadOnlyList<ForwardTarget> Targets => _targets;

    public IReadOnlyList<Problem> Problems { get; private set; } = [];

    public ForwardTarget? Find(string name) => _targets.Find(target => target.Name == name);

    /// <summary>The file of this machine; there may be none.</summary>
    public static ForwardFile Load()
    {
        var errno = Sys.ReadFile(Path, out var content);
        return errno switch
        {
            Errno.None => Read(Path, content),
            Errno.ENOENT => new ForwardFile(),
            _ => new ForwardFile { Problems = [new Problem(Path, Position.WholeFile, $"cannot be read: {errno.Describe()}")] },
        };
    }

    public static ForwardFile Read(string path, ReadOnlySpan<byte> text)
    {
        var problems = new ProblemList(path);
        var file = new ForwardFile();
        if (!YamlReader.IsBlank(text) && YamlReader.Read(text, problems) is YamlMapping mapping)
            foreach (var (name, node) in mapping.Entries)
                if (name.Value == "forward") new SettingValue(node, "forward", problems).ForwardTargets(file._targets);
        file.Problems = problems.InOrder();
        return file;
    }
}
