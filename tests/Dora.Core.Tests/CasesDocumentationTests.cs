using System.Text.RegularExpressions;
using Dora.Core.Tests.Configuration;
using Xunit;

namespace Dora.Core.Tests;

/// <summary>docs/cases.md names tests of every layer: each of them must be there, for a test that was renamed proves nothing on paper.</summary>
public partial class CasesDocumentationTests
{
    [Fact]
    public void Every_test_that_the_page_names_exists()
    {
        string page = File.ReadAllText(Repository.Find("docs/cases.md")!);
        string tests = Path.GetDirectoryName(Path.GetDirectoryName(Repository.Find("tests/Dora.Core.Tests/CasesDocumentationTests.cs")!)!)!;
        var names = Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/"))
            .SelectMany(file => Name().Matches(File.ReadAllText(file)).Select(match => match.Groups[1].Value)).ToHashSet();
        var missing = new List<string>();
        foreach (Match mention in Mention().Matches(page))
            foreach (string part in mention.Groups[1].Value.Split('.'))
                if (!(part.EndsWith('*') ? names.Any(name => name.StartsWith(part[..^1], StringComparison.Ordinal)) : names.Contains(part)))
                    missing.Add(mention.Groups[1].Value);
        Assert.Empty(missing);
    }

    [GeneratedRegex(@"(?:void|class|async Task) (\w+)")]
    private static partial Regex Name();

    // Of a row of a table, or behind a letter that stands for a class.
    [GeneratedRegex(@"`([A-Z][\w.]*_[\w*]*|\w+Tests(?:\.[\w*]+)?)`")]
    private static partial Regex Mention();
}
