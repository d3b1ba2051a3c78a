using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>What is no YAML, or YAML that has no place here: the text, then exactly what is said about it.</summary>
public class YamlMessageTests
{
    [Theory]
    [InlineData("", "1:1: the file is empty")]
    [InlineData("\uFEFF", "1:1: the file is empty")]
    [InlineData(" \n\n", "1:1: the file is empty: nothing but comments or blanks")]
    [InlineData("# only this\n", "1:1: the file is empty: nothing but comments or blanks")]
    [InlineData("---\n", "2:2: expected keys such as 'command: [/usr/bin/web]', found nothing")]
    [InlineData("- a\n", "1:1: expected keys such as 'command: [/usr/bin/web]', found a list")]
    [InlineData("command:/bin/a\n", "1:1: expected keys such as 'command: [/usr/bin/web]', found a word")]
    [InlineData("command: /bin/a\n---\ncommand: /bin/b\n", "2:1: a second document begins here: write one service in one file")]
    [InlineData("a: &x b\nc: *x\n", "1:4: anchors are not allowed: leave out '&x'", "2:4: aliases are not allowed: write out what '*x' stands for")]
    [InlineData("a: &x [b]\n", "1:4: anchors are not allowed: leave out '&x'")]
    [InlineData("<<: *base\n", "1:5: aliases are not allowed: write out what '*base' stands for")]
    [InlineData("a: !!int 5\n", "1:4: tags are not allowed: leave out 'tag:yaml.org,2002:int'")]
    [InlineData("a: !x {b: c}\n", "1:4: tags are not allowed: leave out '!x'")]
    [InlineData("a: ! b\n", "1:4: tags are not allowed: leave out '!'")]
    [InlineData("%YAML 1.2\n---\na: b\n", "1:1: directives (lines that start with '%') are not allowed")]
    [InlineData("%-", "1:1: directives (lines that start with '%') are not allowed")]
    [InlineData("[a]: b\n", "1:1: a key has to be a word, found a list")]
    [InlineData("a: b\0c\n", "1:5: a NUL character: this is not a text file")]
    [InlineData("a: b\n\u001b[31m\n", "2:1: the control character U+001B: this is not a text file")]
    [InlineData("a: b\fc\n", "1:5: the control character U+000C: this is not a text file")]
    [InlineData("a: \"b\\0c\"\n", "1:4: the value holds a NUL character")]
    [InlineData("\"a\\0\": c\n", "1:1: the value holds a NUL character")]
    [InlineData("a:\n\t- b\n", "2:1: a tab in the indentation: use spaces")]
    [InlineData("a:\n  \tb: c\n", "2:3: a tab in the indentation: use spaces")]
    [InlineData("tty: %i\n", "1:6: a value cannot begin with '%': put it in quotes")]
    [InlineData("a: @x\n", "1:4: a value cannot begin with '@': put it in quotes")]
    [InlineData("a: `x`\n", "1:4: a value cannot begin with '`': put it in quotes")]
    [InlineData("a: ]\n", "1:4: a value cannot begin with ']': put it in quotes")]
    [InlineData("a: [1, 2\n", "2:1: the list in '[...]' needs ',' or ']' here")]
    [InlineData("a: [b, c}\n", "1:9: the list in '[...]' needs ',' or ']' here")]
    [InlineData("a: {b: 1\nc: 2", "1:4: the '{' or '[' that begins here is not closed")]
    [InlineData("a: b: c\n", "1:5: a second ': ' in one line: put the value in quotes")]
    [InlineData("a:\n  b: 1\n c: 2\n", "3:2: expected 'key: value' here: check the indentation and the quotes")]
    [InlineData("a: \"x\n", "1:4: the quotation mark that begins here is not closed")]
    [InlineData("a: 'x\n", "1:4: the quotation mark that begins here is not closed")]
    [InlineData("a: \"\\q\"\n", "1:4: an unknown escape behind '\\' in double quotes: write '\\\\' for a backslash, or use single quotes")]
    [InlineData("a: \"\\ud800\"\n", "1:4: a \\u escape that is no character")]
    [InlineData("a: \"\\xzz\"\n", "1:4: an escape of \\x, \\u or \\U needs hexadecimal digits behind it")]
    [InlineData("a: - b\n", "1:4: a list that uses '- ' starts on a line of its own")]
    [InlineData("- a\nb: c\n", "2:1: expected '- ' here: check the indentation")]
    [InlineData("a: b\nc\n", "2:1: expected 'key: value' here: check the indentation and the quotes")]
    [InlineData("a: |\n x\n  y\nb", "4:1: expected ':' behind the key")]
    [InlineData("a: *\n", "1:4: '&' and '*' have a meaning of their own in YAML: put the value in quotes")]
    [InlineData("a: !<x\n", "1:4: '!' has a meaning of its own in YAML: put the value in quotes")]
    [InlineData("a: [[[[[[[[[1]]]]]]]]]\n", "1:11: nested deeper than 8 levels")]
    public void Text_is_refused_with(string text, params string[] messages) => ServiceFileReaderTests.AssertProblems(text, messages);

    [Fact]
    public void Bytes_that_are_not_utf8_are_named_with_their_place() =>
        ServiceFileReaderTests.AssertProblems([.. "a: b\nc: "u8, 0xE9, .. "t\n"u8], "2:4: not UTF-8 text: byte 0xe9; save the file as UTF-8");

    [Fact]
    public void Utf16_is_refused() =>
        ServiceFileReaderTests.AssertProblems(System.Text.Encoding.Unicode.GetPreamble(), "1:1: not UTF-8 text: byte 0xff; save the file as UTF-8");

    [Fact]
    public void A_file_of_more_than_64_KiB_is_refused()
    {
        string text = "command: /bin/a\n" + new string('#', 64 * 1024 - 16);
        ServiceFileReaderTests.Load(text);
        string name = "/etc/dora/services/web.yaml";
        Assert.Equal($"{name}: larger than 64 KiB",
            Assert.Single(Dora.Core.Configuration.ServiceFileReader.Read(name, text + "#").Problems).ToString());
    }

    [Fact]
    public void Ten_lines_that_would_grow_to_gigabytes_are_refused()
    {
        string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Concat(Enumerable.Range(1, 9).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n"));

        var file = Dora.Core.Configuration.ServiceFileReader.Read("web.yaml", text);

        Assert.Null(file.Settings);
        Assert.Equal("web.yaml:1:5: anchors are not allowed: leave out '&a0'", file.Problems[0].ToString());
    }
}
