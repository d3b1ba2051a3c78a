namespace Dora.Core.Configuration;

/// <summary>
/// Collects the problems of one file. Bounded: 64 KiB of nonsense would otherwise be thousands of messages in the
/// memory of the manager and on somebody's screen.
/// </summary>
internal sealed class ProblemList(string file)
{
    public const int Limit = 50;

    private readonly List<Problem> _problems = [];

    public bool HasErrors { get; private set; }

    public bool IsFull => _problems.Count > Limit;

    public void Add(Position position, string message)
    {
        HasErrors = true;
        if (_problems.Count < Limit) _problems.Add(new Problem(file, position, message));
        else if (_problems.Count == Limit) _problems.Add(new Problem(file, position, "more problems follow; mend these first"));
    }

    /// <summary>In the order of the file, so that they read from top to bottom.</summary>
    public IReadOnlyList<Problem> InOrder() =>
        [.. _problems.OrderBy(problem => problem.Line).ThenBy(problem => problem.Column)];
}
