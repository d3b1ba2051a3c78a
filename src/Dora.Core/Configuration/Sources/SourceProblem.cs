using Dora.Core.Protocol.Json;

namespace Dora.Core.Configuration.Sources;

/// <summary>A <see cref="Problem"/> as it is kept with the sources; of a directory, not a service, if that is empty.</summary>
internal sealed record SourceProblem(string Service, string File, int Line, int Column, string Message, bool IsWarning) : IJsonMapped<SourceProblem>
{
    public static SourceProblem From(string service, Problem problem) =>
        new(service, problem.File, problem.Line, problem.Column, problem.Message, problem.IsWarning);

    public Problem ToProblem() => new(File, new Position(Line, Column), Message, IsWarning);

    public static SourceProblem Map(JsonMap json, SourceProblem? from) => new(
        json.RequiredText("service", from?.Service),
        json.RequiredText("file", from?.File),
        json.RequiredInteger("line", from?.Line),
        json.RequiredInteger("column", from?.Column),
        json.RequiredText("message", from?.Message),
        json.Flag("isWarning", from?.IsWarning) ?? false);
}
