using Dora.Tests.Harness;
using System.Text;
using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public class WildcardTests
{
    [Theory]
    [InlineData("virtio:d00000002v*", "virtio:d00000002v00001AF4", true)]
    [InlineData("virtio:d00000002v*", "virtio:d00000003v00001AF4", false)]
    [InlineData("pci:v*d*sv*sd*bc01sc06i01*", "pci:v00008086d00002922sv00001AF4sd00001100bc01sc06i01", true)]
    [InlineData("usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*", "usb:v46F4p0001d0000dc00dsc00dp00ic08isc06ip50in00", true)]
    [InlineData("a?c", "abc", true)]
    [InlineData("a?c", "ac", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[a-c]x", "dx", false)]
    [InlineData("[!a-c]x", "dx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData("[]]x", "]x", true)]
    [InlineData("[x", "[x", true)]
    [InlineData("\\*", "*", true)]
    [InlineData("\\*", "a", false)]
    [InlineData("*", "", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("a*b*c", "aXbYbZc", true)]
    [InlineData("a*b*c", "aXbYbZ", false)]
    public void Matches_as_fnmatch_does(string pattern, string text, bool expected) =>
        Assert.Equal(expected, Wildcard.IsMatch(Encoding.ASCII.GetBytes(pattern), Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void Many_stars_take_no_exponential_time()
    {
        var pattern = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*a", 500)) + "b");
        Assert.False(Wildcard.IsMatch(pattern, Encoding.ASCII.GetBytes(new string('a', 5000))));
    }

    [Fact]
    public void Random_bytes_never_throw_and_agree_with_a_plain_recursion()
    {
        var random = new Random(7);
        for (int i = 0; i < Fuzz.Rounds(50000); i++)
        {
            // Without brackets and backslashes, whose corner cases are above: the recursion below has none.
            var pattern = Letters(random, "ab*?", 8);
            var text = Letters(random, "ab", 8);
            Assert.Equal(Matches(pattern, text), Wildcard.IsMatch(pattern, text));
            random.NextBytes(pattern);
            _ = Wildcard.IsMatch(pattern, text);
            _ = Wildcard.IsMatch(Letters(random, "[]!-a\\*", 8), Letters(random, "[]!-a\\*", 8));
        }
    }

    private static byte[] Letters(Random random, string alphabet, int most)
    {
        var bytes = new byte[random.Next(most)];
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)alphabet[random.Next(alphabet.Length)];
        return bytes;
    }

    private static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        if (pattern.IsEmpty) return text.IsEmpty;
        if (pattern[0] == '*') return Matches(pattern[1..], text) || (!text.IsEmpty && Matches(pattern, text[1..]));
        return !text.IsEmpty && (pattern[0] == '?' || pattern[0] == text[0]) && Matches(pattern[1..], text[1..]);
    }
}
