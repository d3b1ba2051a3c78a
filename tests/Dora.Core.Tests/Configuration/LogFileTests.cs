using System.Text;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class LogFileTests
{
    [Fact]
    public void All_keys()
    {
        var file = Read("forward:\n  - name: x\nsize: 2G\nfile-size: 64K\nkeep-free: 100\nfile-age: 2h\n");
        Assert.Empty(file.Problems);
        Assert.Equal((2L << 30, 64L << 10, 100L, TimeSpan.FromHours(2)), (file.Size, file.FileSize, file.KeepFree, file.FileAge));
    }

    [Theory]
    [InlineData("")]
    [InlineData("# nothing\n")]
    public void Nothing_is_what_is_usual(string text)
    {
        var file = Read(text);
        Assert.Empty(file.Problems);
        Assert.Equal(0, file.Size);
    }

    [Theory]
    [InlineData("size: 12k\n", "log.yaml:1:7: size: '12k' is not a number of bytes; write it as 4096, 64K, 500M or 2G")]
    [InlineData("size: 12K\n", "log.yaml:1:7: size: '12K' is too little: at least 1M")]
    [InlineData("size: 99999999999T\n", "log.yaml:1:7: size: '99999999999T' is too much")]
    [InlineData("file-age: 3\n", "log.yaml:1:11: file-age: '3' is")]
    [InlineData("sise: 12M\n", "log.yaml:1:1: unknown key 'sise'; did you mean 'size'?")]
    [InlineData("- 1\n", "log.yaml:1:1: expected keys and values, found a list")]
    public void Mistakes_are_told_and_nothing_of_the_file_counts(string text, string message)
    {
        var file = Read("keep-free: 5G\n" is var other && text[0] != '-' ? text + other : text);
        Assert.Contains(message, Assert.Single(file.Problems).ToString());
        Assert.Equal((0, 0), (file.Size, file.KeepFree));
    }

    [Fact]
    public void Every_key_is_in_the_documentation()
    {
        string text = File.ReadAllText(Repository.Find("docs/logging.md")!);
        foreach (var key in LogFile.Keys)
            if (key.Name != "forward") Assert.Contains($"| `{key.Name}` |", text);
    }

    private static LogFile Read(string text) => LogFile.Read("log.yaml", Encoding.UTF8.GetBytes(text));
}
