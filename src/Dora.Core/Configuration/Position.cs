namespace Dora.Core.Configuration;

/// <summary>A place in a file, counted from 1; line 0 stands for the file as a whole.</summary>
/// <param name="Line">Line.</param>
/// <param name="Column">Column, in UTF-16 units as editors count.</param>
public readonly record struct Position(int Line, int Column)
{
    /// <summary>Which file of several that make one service: 0 is the service's own, then its drop-ins in order.</summary>
    internal int Source { get; init; }

    /// <summary>The file as a whole: it could not be read, or the problem lies outside its text.</summary>
    public static Position WholeFile => default;
}
