using Spectre.Console;

namespace Dora.Ctl.Output;

/// <summary>
/// Columns aligned with two spaces between; colour counts nothing. On a terminal it fits: columns that matter least are
/// left out first, and then the text of the last one is wrapped (by Spectre.Console, which takes 3 ms for a hundred rows:
/// it is asked only where something does not fit). Elsewhere a row is a line, for grep.
/// </summary>
internal sealed class Table(params string[] headings)
{
    /// <summary>What the last column keeps before others are left out for it.</summary>
    private const int EnoughForLast = 30;

    private readonly List<(string Text, Tone Tone)[]> _rows = [];

    /// <summary>Columns whose content stands at the right (numbers).</summary>
    public IReadOnlyList<int> AlignRight { get; init; } = [];

    /// <summary>Columns that a narrow terminal does without, in this order.</summary>
    public IReadOnlyList<int> Dispensable { get; init; } = [];

    public bool IsHeaded { get; init; } = true;

    public void Add(params (string Text, Tone Tone)[] cells) => _rows.Add(cells);

    public void Write(Screen screen)
    {
        int[] widths = new int[headings.Length];
        for (int i = 0; i < headings.Length; i++) widths[i] = Layout.WidthOf(headings[i]);
        foreach (var row in _rows)
            for (int i = 0; i < row.Length; i++) widths[i] = Math.Max(widths[i], Layout.WidthOf(row[i].Text));

        int total = 2 * (widths.Length - 1);
        foreach (int width in widths) total += width;
        if (total > screen.Width)
        {
            WriteFitting(screen, widths, screen.Width.Value);
            return;
        }
        if (IsHeaded)
        {
            var head = new (string, Tone)[headings.Length];
            for (int i = 0; i < headings.Length; i++) head[i] = (headings[i], Tone.Faint);
            WriteRow(screen, head, widths);
        }
        foreach (var row in _rows) WriteRow(screen, row, widths);
    }

    private void WriteFitting(Screen screen, int[] widths, int width)
    {
        var columns = ColumnsFor(widths, width);
        var table = new Spectre.Console.Table { Border = TableBorder.None, UseSafeBorder = false, ShowHeaders = IsHeaded };
        foreach (int i in columns)
        {
            bool isLast = i == columns[^1];
            table.AddColumn(new TableColumn(new Text(headings[i], Layout.StyleOf(Tone.Faint)))
            {
                Alignment = AlignRight.Contains(i) ? Justify.Right : Justify.Left,
                Padding = new Padding(0, 0, isLast ? 0 : 2, 0),
                NoWrap = !isLast,
            });
        }
        foreach (var row in _rows)
        {
            var cells = new Text[columns.Count];
            for (int c = 0; c < cells.Length; c++) cells[c] = columns[c] < row.Length ? new Text(row[columns[c]].Text.Replace('\t', ' '), Layout.StyleOf(row[columns[c]].Tone)) : Text.Empty;
            table.AddRow(cells);
        }
        Layout.Write(screen, table);
    }

    private List<int> ColumnsFor(int[] widths, int width)
    {
        var columns = new List<int>();
        for (int i = 0; i < headings.Length; i++) columns.Add(i);
        foreach (int dispensable in Dispensable)
        {
            int needed = Math.Min(widths[columns[^1]], EnoughForLast);
            for (int c = 0; c < columns.Count - 1; c++) needed += widths[columns[c]] + 2;
            if (needed <= width) break;
            columns.Remove(dispensable);
        }
        return columns;
    }

    private void WriteRow(Screen screen, (string Text, Tone Tone)[] cells, int[] widths)
    {
        int last = cells.Length - 1;
        while (last > 0 && cells[last].Text.Length == 0) last--; // no spaces at the end of a line
        for (int i = 0; i <= last; i++)
        {
            string space = new(' ', widths[i] - Layout.WidthOf(cells[i].Text));
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
