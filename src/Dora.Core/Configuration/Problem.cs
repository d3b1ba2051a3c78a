namespace Dora.Core.Configuration;

/// <summary>Something that is wrong with a file of the operator's.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="Position">Where in it.</param>
/// <param name="Message">What is wrong and what to do, in one line.</param>
/// <param name="IsWarning">True where the file can be used all the same.</param>
public sealed record Problem(string File, Position Position, string Message, bool IsWarning = false)
{
    /// <summary>Line, counted from 1; 0 for the file as a whole.</summary>
    public int Line => Position.Line;

    /// <summary>Column, counted from 1; 0 for the file as a whole.</summary>
    public int Column => Position.Column;

    /// <summary><c>FILE:LINE:COLUMN: message</c>, or <c>FILE: message</c> for the file as a whole.</summary>
    public override string ToString()
    {
        string file = Printable.Text(File, limit: 4096); // a file's name may hold anything but '/' and NUL
        string kind = IsWarning ? "warning: " : "";
        return Line == 0 ? $"{file}: {kind}{Message}" : $"{file}:{Line}:{Column}: {kind}{Message}";
    }
}
