using Dora.Core.Protocol.Json;

namespace Dora.Core.Configuration.Sources;

/// <summary><see cref="ServiceSources"/> as JSON: between processes, and from one manager to the next.</summary>
internal sealed class SavedSources : IJsonMapped<SavedSources>
{
    public IReadOnlyList<SourceFile> Files { get; init; } = [];
    public IReadOnlyList<SourceProblem> Problems { get; init; } = [];
    public IReadOnlyList<SourceProblem> Refused { get; init; } = [];
    public IReadOnlyList<SourceMount> Mounts { get; init; } = [];
    public IReadOnlyList<SourceProblem> MountProblems { get; init; } = [];

    public static byte[] Write(ServiceSources sources) => JsonMapWriter.Write(From(sources));

    /// <summary>Throws <see cref="System.Text.Json.JsonException"/>.</summary>
    public static ServiceSources Read(ReadOnlySpan<byte> json) => JsonMapReader.Read<SavedSources>(json).ToSources();

    private static SavedSources From(ServiceSources sources)
    {
        var files = new List<SourceFile>();
        foreach (var group in sources.Groups.Values) files.AddRange(group.Files);
        var general = new List<SourceProblem>();
        foreach (var problem in sources.General) general.Add(SourceProblem.From("", problem));
        var refused = new List<SourceProblem>();
        foreach (var (service, problems) in sources.Refused)
            foreach (var problem in problems) refused.Add(SourceProblem.From(service, problem));
        var mountProblems = new List<SourceProblem>();
        foreach (var problem in sources.MountProblems) mountProblems.Add(SourceProblem.From("", problem));
        return new SavedSources { Files = files, Problems = general, Refused = refused, Mounts = sources.Mounts, MountProblems = mountProblems };
    }

    private ServiceSources ToSources()
    {
        var sources = new ServiceSources();
        foreach (var file in Files) sources.Add(file);
        foreach (var problem in Problems) sources.General.Add(problem.ToProblem());
        foreach (var problem in Refused) sources.Refuse(problem.Service, [problem.ToProblem()]);
        sources.Mounts.AddRange(Mounts);
        foreach (var problem in MountProblems) sources.MountProblems.Add(problem.ToProblem());
        return sources;
    }

    public static SavedSources Map(JsonMap json, SavedSources? from) => new()
    {
        Files = json.Members("files", from?.Files) ?? [],
        Problems = json.Members("problems", from?.Problems) ?? [],
        Refused = json.Members("refused", from?.Refused) ?? [],
        Mounts = json.Members("mounts", from?.Mounts) ?? [],
        MountProblems = json.Members("mountProblems", from?.MountProblems) ?? [],
    };
}
