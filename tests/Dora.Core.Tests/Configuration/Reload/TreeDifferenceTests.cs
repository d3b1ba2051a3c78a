using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Xunit;

namespace Dora.Core.Tests.Configuration.Reload;

public class TreeDifferenceTests
{
    [Theory]
    [InlineData("a: 1\nb: 2\n", "b: 2 # same\na: 1\n", "")]
    [InlineData("a: '1'\n", "a: 1\n", "")]
    [InlineData("a: {b: 1, c: 2}\n", "a:\n  c: 2\n  b: 1\n", "")]
    [InlineData("a: [x, y]\n", "a:\n  - x\n  - y\n", "")]
    [InlineData("a: [x, y]\n", "a: [y, x]\n", "a: [x, y] -> [y, x]")]
    [InlineData("a: [x, y]\n", "a: ['x, y']\n", "a: [x, y] -> ['x, y']")]
    [InlineData("a: ['']\n", "a: []\n", "a: [''] -> []")]
    [InlineData("a: ['x''', '[']\n", "a: x\n", "a: ['x''', '['] -> x")]
    [InlineData("a: x\n", "b: y\n", "a: x -> null|b: null -> y")]
    [InlineData("a: {b: {c: 1}}\n", "a: {b: {c: 2, d: 3}}\n", "a.b.c: 1 -> 2|a.b.d: null -> 3")]
    [InlineData("a: always\n", "a: {when: always}\n", "a: always -> null|a.when: null -> always")]
    [InlineData("a: {}\n", "b: 1\n", "a: {} -> null|b: null -> 1")]
    [InlineData("a: [{tcp: '1:2', mode: 3}]\n", "a: [{tcp: '1:2', mode: 4}]\n", "a: [{tcp: '1:2', mode: 3}] -> [{tcp: '1:2', mode: 4}]")]
    public void What_differs_is_told_by_key(string before, string after, string expected) =>
        Assert.Equal(expected, string.Join('|', TreeDifference.Between(Tree(before), Tree(after))
            .Select(change => $"{change.Key}: {change.Before ?? "null"} -> {change.After ?? "null"}")));

    [Fact]
    public void What_is_not_there_has_no_keys()
    {
        Assert.Empty(TreeDifference.Between(null, null));
        Assert.Equal(new KeyChange("a", null, "1"), Assert.Single(TreeDifference.Between(null, Tree("a: 1\n"))));
    }

    [Fact]
    public void Keys_that_take_effect_at_once_are_keys_and_documented()
    {
        string page = System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(Repository.Find("docs/services.md")!), @"\s+", " ");
        string listed = page[page.IndexOf("alone looks up takes effect at once:", StringComparison.Ordinal)..page.IndexOf("; and all of a `group`", StringComparison.Ordinal)];
        Assert.Equal(ReloadEffect.AtOnce.Order(), listed.Split('`').Where((_, index) => index % 2 == 1).Order());
        foreach (string key in ReloadEffect.AtOnce.Concat(ReloadEffect.OfListeners)) Assert.Contains(ServiceKeys.All, known => known.Name == key);
        foreach (string key in ReloadEffect.OfListeners) Assert.Contains($"`{key}`", page[page.IndexOf("Only `type`", StringComparison.Ordinal)..page.IndexOf("restart the listener", StringComparison.Ordinal)]);
    }

    private static Dora.Core.Configuration.Yaml.YamlMapping? Tree(string text) => ServiceFileReader.ReadTree("x.yaml", Encoding.UTF8.GetBytes(text), []);
}
