using System.Globalization;
using System.Text;

namespace Dora.Ctl.Tests;

/// <summary>What a terminal would show, as a picture: text with the escape sequences for colours.</summary>
internal static class TerminalPicture
{
    private const double CharWidth = 7.8, LineHeight = 18;

    public static string Draw(string text, int columns)
    {
        string[] lines = text.TrimEnd('\n').Split('\n');
        double width = (columns * CharWidth) + 32, height = (lines.Length * LineHeight) + 28;
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:0}\" height=\"{height:0}\" viewBox=\"0 0 {width:0} {height:0}\">\n");
        svg.Append("<style>text{font:13px \"DejaVu Sans Mono\",Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}"
            + ".c31{fill:#ff7b72}.c32{fill:#3fb950}.c33{fill:#d29922}.c2{fill:#8d96a0}.c1{font-weight:bold}</style>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{width:0}\" height=\"{height:0}\" rx=\"8\" fill=\"#0d1117\"/>\n");
        for (int i = 0; i < lines.Length; i++)
        {
            // Each piece at its own place: so columns stand below each other whatever the font is.
            int column = 0;
            foreach (var (style, piece) in Pieces(lines[i]))
            {
                if (piece.Trim().Length > 0)
                    svg.Append(CultureInfo.InvariantCulture, $"<text xml:space=\"preserve\" x=\"{16 + (column * CharWidth):0.#}\" y=\"{26 + (i * LineHeight):0}\"")
                        .Append(CultureInfo.InvariantCulture, $" textLength=\"{piece.Length * CharWidth:0.#}\"{(style == "" ? "" : $" class=\"c{style}\"")}>{Escape(piece)}</text>\n");
                column += piece.Length;
            }
        }
        return svg.Append("</svg>\n").ToString();
    }

    private static IEnumerable<(string Style, string Text)> Pieces(string line)
    {
        string style = "";
        foreach (string part in line.Split('\e'))
        {
            string text = part;
            int end = part.StartsWith('[') ? part.IndexOf('m') : -1;
            if (end > 0)
            {
                style = part[1..end] == "0" ? "" : part[1..end];
                text = part[(end + 1)..];
            }
            if (text.Length > 0) yield return (style, text);
        }
    }

    private static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");
}
