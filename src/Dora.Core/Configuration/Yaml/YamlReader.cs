using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Dora.Core.Configuration.Yaml;

/// <summary>
/// Bytes of a foreign file to a tree of plain data, or problems. What it takes is the part of YAML that people use for
/// configuration: one document of mappings, lists and words. What is refused, and why:
/// <list type="bullet">
/// <item>anchors and aliases: a few lines of them can stand for gigabytes;</item>
/// <item>tags and directives: they mean nothing here, so whoever wrote them expected something else;</item>
/// <item>several documents: the second would be lost in silence;</item>
/// <item>more than <see cref="LargestFile"/> bytes, deeper than <see cref="DeepestNesting"/>: hostile or a mistake.</item>
/// </list>
/// The text is checked before the parser sees it (<see cref="YamlText"/>), the parser's events are used rather than its
/// node model, so nothing is built that was not checked, and nothing of it needs reflection. The parser has bugs that end
/// in exceptions of any type (an unclosed <c>{</c> followed by a key throws InvalidOperationException), hence the one
/// broad handler: whatever it throws means "this is not YAML", at the last place that was understood.
/// </summary>
internal sealed class YamlReader
{
    public const int LargestFile = 64 * 1024;
    public const int DeepestNesting = 8;

    private readonly ProblemList _problems;
    private readonly Parser _parser;
    private Position _last = new(1, 1);
    private Position? _openBrace;
    private int _depth;

    private YamlReader(string text, ProblemList problems)
    {
        _problems = problems;
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
    }

    /// <summary>Nothing but comments: a file without an entry, which for a file of settings is no mistake.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int end = text.IndexOf((byte)'\n');
            var line = (end < 0 ? text : text[..end]).Trim(" \t\r"u8);
            if (!line.IsEmpty && line[0] != '#') return false;
            text = end < 0 ? default : text[(end + 1)..];
        }
        return true;
    }

    /// <summary>The root of the file; null, with at least one problem, if there is none that could be read.</summary>
    public static YamlNode? Read(ReadOnlySpan<byte> bytes, ProblemList problems)
    {
        if (!YamlText.TryDecode(bytes, problems, out string text)) return null;
        var reader = new YamlReader(text, problems);
        try
        {
            return reader.ReadDocument();
        }
        catch (NestingException)
        {
            problems.Add(reader._last, $"nested deeper than {DeepestNesting} levels");
            return null;
        }
        catch (YamlException exception)
        {
            problems.Add(At(exception.Start), YamlSyntax.Describe(exception, text));
            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            problems.Add(reader._openBrace ?? reader._last,
                reader._openBrace is null ? "this is not YAML from here on" : "the '{' or '[' that begins here is not closed");
            return null;
        }
    }

    private YamlNode? ReadDocument()
    {
        Next(); // start of the stream
        var current = Next();
        if (current is StreamEnd)
        {
            _problems.Add(new Position(1, 1), "the file is empty: nothing but comments or blanks");
            return null;
        }
        var root = ReadNode(Next());
        Next(); // end of the document
        if (Next() is DocumentStart second)
        {
            _problems.Add(At(second.Start), "a second document begins here: write one service in one file");
            return null;
        }
        return _problems.HasErrors ? null : root;
    }

    private YamlNode ReadNode(ParsingEvent current)
    {
        var position = At(current.Start);
        if (current is NodeEvent node) RefuseProperties(node, position);
        switch (current)
        {
            case Scalar scalar:
                if (YamlText.FirstUnwanted(scalar.Value) is { } unwanted) _problems.Add(position, $"the value holds {unwanted}");
                return new YamlScalar(position, scalar.Value, scalar.Style is ScalarStyle.Plain);
            case SequenceStart sequence:
                return ReadList(sequence, position);
            case MappingStart mapping:
                return ReadMapping(mapping, position);
            case AnchorAlias alias:
                _problems.Add(position, $"aliases are not allowed: write out what '*{Printable.Text(alias.Value.Value)}' stands for");
                return new YamlScalar(position, "", IsPlain: false);
            default:
                throw new InvalidOperationException("the parser is out of step"); // becomes "not YAML from here on"
        }
    }

    private YamlList ReadList(SequenceStart start, Position position)
    {
        Descend(start.Style is SequenceStyle.Flow, position);
        var items = new List<YamlNode>();
        for (var current = Next(); current is not SequenceEnd; current = Next()) items.Add(ReadNode(current));
        Ascend();
        return new YamlList(position, items);
    }

    private YamlMapping ReadMapping(MappingStart start, Position position)
    {
        Descend(start.Style is MappingStyle.Flow, position);
        var entries = new List<KeyValuePair<YamlScalar, YamlNode>>();
        for (var current = Next(); current is not MappingEnd; current = Next())
        {
            var key = ReadNode(current);
            if (key is not YamlScalar) _problems.Add(key.Position, $"a key has to be a word, found {key.Kind}");
            var value = ReadNode(Next());
            if (key is YamlScalar word) entries.Add(new(word, value));
        }
        Ascend();
        return new YamlMapping(position, entries);
    }

    private void Descend(bool isFlow, Position position)
    {
        if (isFlow) _openBrace ??= position;
        if (++_depth > DeepestNesting) throw new NestingException();
    }

    private void Ascend()
    {
        // The outermost brace is the one to show, and it is closed when the block around it goes on.
        if (--_depth <= 1) _openBrace = null;
    }

    private void RefuseProperties(NodeEvent node, Position position)
    {
        if (!node.Anchor.IsEmpty)
            _problems.Add(position, $"anchors are not allowed: leave out '&{Printable.Text(node.Anchor.Value)}'");
        if (!node.Tag.IsEmpty)
            _problems.Add(position, node.Tag.IsNonSpecific
                ? "tags are not allowed: leave out '!'"
                : $"tags are not allowed: leave out '{Printable.Text(node.Tag.Value)}'");
    }

    private ParsingEvent Next()
    {
        if (!_parser.MoveNext()) throw new InvalidOperationException("the parser ended early");
        var current = _parser.Current!;
        _last = At(current.Start);
        return current;
    }

    private static Position At(Mark mark) => new((int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private sealed class NestingException : Exception;
}
