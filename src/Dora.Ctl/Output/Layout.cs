using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Dora.Ctl.Output;

/// <summary>
/// Spectre.Console as what lays things out: it makes segments of tables and trees for a width, wraps, and knows how wide
/// a character is; <see cref="Screen"/> writes them. Its console is not used: making one asks System.Console for its
/// output, which sets up the terminal and the signals and writes a mode change to it, for whoever only wanted a list.
/// </summary>
internal static class Layout
{
    /// <summary>Where lines may be of any length.</summary>
    private const int Endless = 4096;

    public static void Write(Screen screen, IRenderable what)
    {
        int width = screen.Width ?? Endless;
        var options = new RenderOptions(new Abilities(screen.IsUnicode), new Size(width, 24));
        var line = new StringBuilder(); // what is written of it already
        var run = new StringBuilder(); // what follows, of one tone
        var tone = Tone.Plain;
        void Paint()
        {
            // Spaces at the end of a line are no content, and are in the way of who copies it: so they wait until more comes.
            string text = run.ToString(), content = text.TrimEnd(' ');
            if (content.Length > 0) line.Append(screen.Paint(tone, content));
            run.Clear().Append(' ', text.Length - content.Length);
        }
        foreach (var segment in what.Render(options, width))
        {
            if (segment.IsLineBreak)
            {
                Paint();
                screen.WriteLine(line.ToString());
                line.Clear();
                run.Clear();
                continue;
            }
            if (segment.Text.AsSpan().ContainsAnyExcept(' ') && ToneOf(segment.Style) is var next && next != tone)
            {
                Paint();
                line.Append(run);
                run.Clear();
                tone = next;
            }
            run.Append(segment.Text);
        }
        Paint();
        if (line.Length > 0) screen.WriteLine(line.ToString());
    }

    /// <summary>A sentence, wrapped on a terminal with its further lines below the text of the first.</summary>
    /// <param name="screen">Where to.</param>
    /// <param name="tone">How it is meant.</param>
    /// <param name="text">What was written elsewhere in it has been made visible.</param>
    /// <param name="indent">Spaces before it.</param>
    public static void WriteSentence(Screen screen, Tone tone, string text, int indent = 0)
    {
        if (indent + WidthOf(text) <= (screen.Width ?? Endless)) screen.WriteLine(new string(' ', indent) + screen.Paint(tone, text));
        else Write(screen, new Padder(new Text(text, StyleOf(tone)), new Padding(indent, 0, 0, 0)));
    }

    /// <summary>Columns that a text takes on a terminal.</summary>
    public static int WidthOf(string text) => Ascii.IsValid(text) ? text.Length : new Segment(text).CellCount();

    public static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Busy => new Style(Color.Olive),
        Tone.Bad => new Style(Color.Maroon),
        Tone.Faint => new Style(decoration: Decoration.Dim),
        Tone.Strong => new Style(decoration: Decoration.Bold),
        _ => Style.Plain,
    };

    private static Tone ToneOf(Style style) =>
        style.Decoration.HasFlag(Decoration.Dim) ? Tone.Faint
        : style.Decoration.HasFlag(Decoration.Bold) ? Tone.Strong
        : style.Foreground == Color.Green ? Tone.Good
        : style.Foreground == Color.Olive ? Tone.Busy
        : style.Foreground == Color.Maroon ? Tone.Bad
        : Tone.Plain;

    private sealed class Abilities(bool unicode) : IReadOnlyCapabilities
    {
        public ColorSystem ColorSystem => ColorSystem.Standard;
        public bool Ansi => true;
        public bool Links => false;
        public bool Legacy => false;
        public bool IsTerminal => true;
        public bool Interactive => false;
        public bool Unicode => unicode;
    }
}
