namespace Dora.Init.Manager.Control;

/// <summary>One line of the route table.</summary>
/// <param name="Method">GET (HEAD follows from it), POST, PUT or DELETE.</param>
/// <param name="Template">Path; <c>{name}</c> stands for one segment.</param>
/// <param name="Access">What the caller must have.</param>
/// <param name="Summary">What it does, in a few words.</param>
/// <param name="Answer">What a success answers.</param>
/// <param name="Handler">Answers, at once or later.</param>
internal sealed record Route(string Method, string Template, Access Access, string Summary, Payload Answer, Action<ControlExchange> Handler)
{
    /// <summary>Status of a success.</summary>
    public int Status { get; init; } = 200;

    /// <summary>Parameters that the query may have; any other is refused, so that a typo does not pass silently.</summary>
    public IReadOnlyList<RouteParameter> Parameters { get; init; } = [];

    /// <summary>The body that is read; with none, only an empty one or <c>{}</c> is accepted.</summary>
    public Payload? Body { get; init; }

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
