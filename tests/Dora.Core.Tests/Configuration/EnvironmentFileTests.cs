using System.Text;
using Dora.Core.Configuration;
using Dora.Tests.Harness;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class EnvironmentFileTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("A=1\nB=2", "A=1;B=2")]
    [InlineData("# c\n; c\n\n   \nA=1 \r\n", "A=1")]
    [InlineData("export A=1\n  B= 2 \n", "A=1;B=2")]
    [InlineData("A='a \"b\" $c \\n'\nB=\"a 'b' \\\"c\\\" \\\\ \\$d \\x\"\n", "A=a \"b\" $c \\n;B=a 'b' \"c\" \\ $d \\x")]
    [InlineData("A=\nB=''\nC=\"\"\n", "A=;B=;C=")]
    [InlineData("A=b # no comment\nA=again\n", "A=b # no comment;A=again")]
    [InlineData("A=x=y\n", "A=x=y")]
    public void Variables_are_read_in_order(string text, string expected)
    {
        var (variables, problem) = Read(text);
        Assert.Null(problem);
        Assert.Equal(expected, string.Join(';', variables));
    }

    [Theory]
    [InlineData("A=1\nnonsense\n", "2: expected NAME=value")]
    [InlineData("A=1\nB = 2\n", "2: 'B ' is not the name of a variable: letters, digits and '_', and no digit first")]
    [InlineData("1A=1\n", "1: '1A' is not the name of a variable: letters, digits and '_', and no digit first")]
    [InlineData("=1\n", "1: '' is not the name of a variable: letters, digits and '_', and no digit first")]
    [InlineData("\nA='x\n", "2: A: has no closing quote")]
    [InlineData("A=\"x\\\"\n", "1: A: has no closing quote")]
    [InlineData("A='x' y\n", "1: A: has something behind the closing quote")]
    [InlineData("A=x\0y\n", "1: A: holds a NUL")]
    public void A_mistake_is_told_with_its_line(string text, string problem) => Assert.Equal(problem, Read(text).Problem);

    [Fact]
    public void Bytes_that_are_no_text_are_told() =>
        Assert.Equal("1: it is not UTF-8", EnvironmentFile.Read([0x41, 0x3D, 0xFF], (_, _) => { }));

    [Fact]
    public void Random_text_ends_in_variables_or_a_mistake()
    {
        var random = new Random(20264);
        const string Pieces = "AB_9= \t\n\r'\"\\$#;\0ä\u2028export ";
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var text = new StringBuilder();
            for (int count = random.Next(40); count > 0; count--) text.Append(Pieces[random.Next(Pieces.Length)]);
            var (variables, problem) = Read(text.ToString());
            Assert.True(problem is null || problem.Contains(": "));
            Assert.All(variables, variable => Assert.DoesNotContain('\0', variable));
        }
    }

    private static (List<string> Variables, string? Problem) Read(string text)
    {
        var variables = new List<string>();
        string? problem = EnvironmentFile.Read(Encoding.UTF8.GetBytes(text), (name, value) => variables.Add($"{name}={value}"));
        return (variables, problem);
    }
}
