namespace Dora.Core.Configuration;

/// <summary>A place in a file, counted from 1; line 0 stands for the file as a whole.</summary>
/// <param name="Line">Line.</param>
/// <param name="Column">Column, in UTF-16 units as editors count.</param>
public readonly record struct Position(int Line, int Column)
{
    /// <summary>The file as a whole: it could not be read, or the problem lies outside its text.</summary>
    public static Position WholeFile => default;
}
