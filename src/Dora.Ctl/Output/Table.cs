namespace Dora.Ctl.Output;

/// <summary>Columns aligned with two spaces between; widths count characters, colour counts nothing.</summary>
internal sealed class Table(params string[] headings)
{
    private readonly List<(string Text, Tone Tone)[]> _rows = [];

    /// <summary>Columns whose content stands at the right (numbers).</summary>
    public IReadOnlyList<int> AlignRight { get; init; } = [];

    public void Add(params (string Text, Tone Tone)[] cells) => _rows.Add(cells);

    public void Write(Screen screen)
    {
        int[] widths = new int[headings.Length];
        for (int i = 0; i < headings.Length; i++) widths[i] = headings[i].Length;
        foreach (var row in _rows)
            for (int i = 0; i < row.Length; i++) widths[i] = Math.Max(widths[i], row[i].Text.Length);

        var head = new (string, Tone)[headings.Length];
        for (int i = 0; i < headings.Length; i++) head[i] = (headings[i], Tone.Faint);
        WriteRow(screen, head, widths);
        foreach (var row in _rows) WriteRow(screen, row, widths);
    }

    private void WriteRow(Screen screen, (string Text, Tone Tone)[] cells, int[] widths)
    {
        int last = cells.Length - 1;
        while (last > 0 && cells[last].Text.Length == 0) last--; // no spaces at the end of a line
        for (int i = 0; i <= last; i++)
        {
            string space = new(' ', widths[i] - cells[i].Text.Length);
            bool right = AlignRight.Contains(i);
            if (right) screen.Write(space);
            screen.Write(screen.Paint(cells[i].Tone, cells[i].Text));
            if (i == last) break;
            if (!right) screen.Write(space);
            screen.Write("  ");
        }
        screen.WriteLine();
    }
}
