namespace Dora.Core.Configuration;

/// <summary>
/// Collects the problems of one file. Bounded: 64 KiB of nonsense would otherwise be thousands of messages in the
/// memory of the manager and on somebody's screen.
/// </summary>
internal sealed class ProblemList(string file, IReadOnlyList<string>? dropIns = null)
{
    public const int Limit = 50;

    private readonly List<Problem> _problems = [];

    public bool HasErrors { get; private set; }

    /// <summary>How many are kept.</summary>
    public int Count => _problems.Count;

    /// <summary>Further problems would not be kept.</summary>
    public bool IsFull => _problems.Count > Limit;

    public void Add(Position position, string message)
    {
        HasErrors = true;
        if (_problems.Count < Limit) Insert(new Problem(position.Source == 0 ? file : dropIns![position.Source - 1], position, message));
        else if (_problems.Count == Limit)
            _problems.Add(new Problem(file, Position.WholeFile, "there are more problems than these; mend these first"));
    }

    /// <summary>In the order of the file, so that they read from top to bottom.</summary>
    public IReadOnlyList<Problem> InOrder() => _problems;

    private void Insert(Problem problem)
    {
        int index = _problems.Count;
        while (index > 0 && IsBefore(problem.Position, _problems[index - 1].Position)) index--;
        _problems.Insert(index, problem);
    }

    private static bool IsBefore(Position a, Position b) => a.Source != b.Source ? a.Source < b.Source
        : a.Line < b.Line || (a.Line == b.Line && a.Column < b.Column);
}
