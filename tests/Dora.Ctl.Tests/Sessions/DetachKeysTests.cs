using System.Text;
using Dora.Ctl.Sessions;
using Xunit;

namespace Dora.Ctl.Tests.Sessions;

public class DetachKeysTests
{
    [Theory]
    [InlineData("ctrl-p,ctrl-q", "1011")]
    [InlineData("Ctrl-A,d", "0164")]
    [InlineData("ctrl-@,ctrl-[,ctrl-_", "001B1F")]
    [InlineData("~,.", "7E2E")]
    [InlineData("", null)]
    [InlineData("ctrl-", null)]
    [InlineData("ctrl-1", null)]
    [InlineData("ctrl-p,", null)]
    [InlineData("alt-x", null)]
    [InlineData("ü", null)]
    [InlineData("a,a,a,a,a,a,a,a,a", null)]
    public void Keys_have_names(string text, string? keys) => Assert.Equal(keys, DetachKeys.Parse(text) is { } parsed ? Convert.ToHexString(parsed) : null);

    [Theory]
    [InlineData("ab", "xaby", "x", true)]
    [InlineData("ab", "xa", "x", false)]
    [InlineData("ab", "aab", "a", true)]
    [InlineData("ab", "acab", "ac", true)]
    [InlineData("aab", "aaab", "a", true)]
    [InlineData("abac", "ababac", "ab", true)]
    [InlineData("abac", "abaabac", "aba", true)]
    [InlineData("a", "xyz", "xyz", false)]
    public void They_are_found_in_what_is_typed_however_it_comes(string keys, string typed, string passed, bool isFound)
    {
        for (int piece = 1; piece <= typed.Length; piece++)
        {
            var finder = new DetachKeys(Encoding.ASCII.GetBytes(keys));
            var rest = new List<byte>();
            bool found = false;
            for (int at = 0; at < typed.Length && !found; at += piece)
                found = finder.Find(Encoding.ASCII.GetBytes(typed.Substring(at, Math.Min(piece, typed.Length - at))), rest);
            Assert.Equal((isFound, passed), (found, Encoding.ASCII.GetString([.. rest])));
        }
    }
}
