namespace Dora.Init.Manager.Control;

/// <summary>One line of the route table.</summary>
/// <param name="Method">GET (HEAD follows from it), POST, PUT or DELETE.</param>
/// <param name="Template">Path; <c>{name}</c> stands for one segment.</param>
/// <param name="Access">What the caller must have.</param>
/// <param name="Handler">Answers, at once or later.</param>
internal sealed record Route(string Method, string Template, Access Access, Action<ControlExchange> Handler)
{
    /// <summary>Parameters that the query may have; any other is refused, so that a typo does not pass silently.</summary>
    public IReadOnlyList<string> Parameters { get; init; } = [];

    /// <summary>Whether a body is read; otherwise only an empty one or <c>{}</c> is accepted.</summary>
    public bool TakesBody { get; init; }

    private readonly string[] _segments = Template[1..].Split('/');

    /// <summary>Whether the path fits; <paramref name="argument"/> is what stands for the <c>{...}</c>, if there is one.</summary>
    public bool Matches(IReadOnlyList<string> path, out string argument)
    {
        argument = "";
        if (path.Count != _segments.Length) return false;
        for (int i = 0; i < _segments.Length; i++)
        {
            if (_segments[i][0] == '{')
            {
                argument = path[i];
                if (argument.Length == 0) return false;
            }
            else if (_segments[i] != path[i])
            {
                return false;
            }
        }
        return true;
    }
}
