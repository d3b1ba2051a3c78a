namespace Dora.Init.Boot;

/// <summary>Boot cannot go on; the lines say what was looked for, what was seen and what to do.</summary>
internal sealed class BootFailure(params IReadOnlyList<string> lines) : Exception(lines.Count > 0 ? lines[0] : "")
{
    public IReadOnlyList<string> Lines { get; } = lines;
}
