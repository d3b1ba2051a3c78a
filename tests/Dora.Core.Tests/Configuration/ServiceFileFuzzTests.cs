using Dora.Tests.Harness;
using System.Diagnostics;
using System.Text;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

/// <summary>Whatever the bytes are: no exception, an end in bounded time, and either settings or problems with a place.</summary>
public class ServiceFileFuzzTests
{
    // Long enough for a busy machine, short enough to catch what grows with the square of the input.
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);

    // Pieces that have a meaning in YAML or in service files: random bytes alone hardly reach the parser's corners.
    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ": ", ":", ", ", "- ", "-", "? ", "|", ">", "|9\n", ">-\n", "&a ", "*a", "!t ", "!!str ", "!<", "%", "@", "`",
        "\"", "'", "#", " #", "\n", "\n\n", "\r", "\r\n", "\t", " ", "  ", "---", "\n---\n", "...", "\n...\n", "\\", "\\u", "\\x4", "~", "null",
        "<<", "\0", "\u0085", "\u2028", "\uFEFF", "\u00e9", "\U0001F600", "command", "restart", "sockets: [", "\ncommand: ", "99999999999999999999",
        "seccomp: ['@", "cgroup: {memory.max: ", "fifo:", "-/", "truncate:/", "cap_", "0-1023", "..",
    ];

    [Fact]
    public void Every_truncation_ends_in_settings_or_problems()
    {
        byte[] whole = Encoding.UTF8.GetBytes(ServiceFileReaderTests.Everything + ProcessKeysTests.Everything);
        for (int length = 0; length <= whole.Length; length++) Check(whole.AsSpan(0, length));
    }

    [Fact]
    public void Random_mutations_end_in_settings_or_problems()
    {
        var random = new Random(20261);
        byte[] whole = Encoding.UTF8.GetBytes(ServiceFileReaderTests.Everything + ProcessKeysTests.Everything);
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var text = new List<byte>(whole);
            for (int count = random.Next(1, 6); count > 0; count--) Mutate(text, random);
            Check(text.ToArray());
        }
    }

    [Fact]
    public void Random_pieces_of_yaml_end_in_settings_or_problems()
    {
        var random = new Random(20262);
        for (int round = 0; round < Fuzz.Rounds(30_000); round++)
        {
            var text = new StringBuilder();
            for (int count = random.Next(1, 25); count > 0; count--) text.Append(s_pieces[random.Next(s_pieces.Length)]);
            Check(Encoding.UTF8.GetBytes(text.ToString()));
        }
    }

    [Fact]
    public void Random_bytes_end_in_problems()
    {
        var random = new Random(20263);
        for (int round = 0; round < Fuzz.Rounds(5_000); round++)
        {
            var bytes = new byte[random.Next(0, 200)];
            random.NextBytes(bytes);
            Check(bytes);
            for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(' ' + bytes[i] % 95);
            Check(bytes);
        }
    }

    [Fact]
    public void The_largest_file_of_any_one_piece_ends_in_time()
    {
        foreach (string piece in s_pieces)
        {
            Check(Encoding.UTF8.GetBytes(Repeat(piece)));
            Check(Encoding.UTF8.GetBytes(Repeat("a: " + piece + "\n")));
            Check(Encoding.UTF8.GetBytes("command: /bin/a\ndescription: " + Repeat(piece, 60_000)));
        }
    }

    private static string Repeat(string piece, int size = 64 * 1024)
    {
        int bytes = Encoding.UTF8.GetByteCount(piece);
        return string.Concat(Enumerable.Repeat(piece, size / bytes));
    }

    private static void Mutate(List<byte> text, Random random)
    {
        int at = random.Next(text.Count + 1);
        switch (random.Next(5))
        {
            case 0 when at < text.Count:
                text[at] = (byte)random.Next(256);
                break;
            case 1 when at < text.Count:
                text.RemoveRange(at, Math.Min(random.Next(1, 30), text.Count - at));
                break;
            case 2:
                int from = random.Next(text.Count);
                text.InsertRange(at, text.GetRange(from, Math.Min(random.Next(1, 60), text.Count - from)));
                break;
            default:
                text.InsertRange(at, Encoding.UTF8.GetBytes(s_pieces[random.Next(s_pieces.Length)]));
                break;
        }
        if (text.Count == 0) text.Add((byte)'a');
    }

    private static void Check(ReadOnlySpan<byte> text)
    {
        long start = Stopwatch.GetTimestamp();
        ServiceFile file;
        try
        {
            file = ServiceFileReader.Read("/x/web.yaml", text);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException($"thrown for {Convert.ToBase64String(text)}", exception);
        }
        var taken = Stopwatch.GetElapsedTime(start);
        Assert.True(taken < s_longest, $"{taken} for {text.Length} bytes");
        Assert.True(file.Settings is null == file.Problems.Count > 0);
        foreach (var problem in file.Problems)
        {
            string line = problem.ToString();
            Assert.StartsWith("/x/web.yaml:", line);
            Assert.DoesNotContain(line, char.IsControl);
        }
    }
}
