using System.Text;
using System.Text.RegularExpressions;
using Dora.Init.Storage.Probing;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

/// <summary>The table of signatures, read by a second reader: each line at each of its places is found under its name.</summary>
public partial class SignatureTests
{
    internal sealed record Line(string Name, string[] Places, byte[] Magic, int LabelAt, int LabelLength)
    {
        /// <summary>All places on a disk of this size, those of a repeated one at both of its ends and in the middle.</summary>
        public IEnumerable<long> On(long size)
        {
            foreach (string place in Places)
            {
                var match = Place().Match(place);
                Assert.True(match.Success, place);
                long offset = match.Groups["end"].Success
                    ? size / Bytes(match.Groups["unit"].Value, 1) * Bytes(match.Groups["unit"].Value, 1) - Bytes(match.Groups["end"].Value)
                    : Bytes(match.Groups["begin"].Value);
                foreach (Capture more in match.Groups["more"].Captures) offset += Bytes(more.Value);
                long count = Bytes(match.Groups["count"].Value, 1), step = Bytes(match.Groups["step"].Value, 0);
                foreach (long i in new[] { 0, count / 2, count - 1 }.Distinct()) yield return offset + i * step;
            }
        }
    }

    internal static List<Line> Lines { get; } = [.. Encoding.UTF8.GetString(Signatures.Table).TrimEnd('\n').Split('\n').Select(Parse)];

    static Line Parse(string line)
    {
        string[] parts = line.Split('|');
        Assert.InRange(parts.Length, 3, 4);
        var magic = new List<byte>();
        foreach (Match piece in Piece().Matches(parts[2]))
            magic.AddRange(piece.Value[0] == '\'' ? Encoding.ASCII.GetBytes(piece.Value.Trim('\'')) : Convert.FromHexString(piece.Value));
        int[] label = parts.Length == 4 ? [.. parts[3].Split(',').Select(int.Parse)] : [0, 0];
        return new Line(parts[0], parts[1].Split(' '), [.. magic], label[0], label[1]);
    }

    static long Bytes(string text, long missing = -1)
    {
        if (text.Length == 0) return missing;
        int unit = "KMGTP".IndexOf(text[^1]);
        return unit < 0 ? long.Parse(text) : long.Parse(text[..^1]) << 10 * (unit + 1);
    }

    [GeneratedRegex(@"^(-(?<end>\d+[KM]?)(/(?<unit>\d+K?))?|(?<begin>\d+[KMGTP]?))(\+(?<more>\d+[KMGTP]?))*(#(?<count>\d+)\*(?<step>\d+K?))?$")]
    private static partial Regex Place();

    [GeneratedRegex("'[^']*'|([0-9A-F]{2})+")]
    private static partial Regex Piece();

    [Fact]
    public void The_table_is_well_formed()
    {
        Assert.InRange(Lines.Count, 100, 300);
        foreach (var line in Lines)
        {
            Assert.Matches(@"^[A-Za-z0-9][A-Za-z0-9 .,()+/-]+$", line.Name);
            Assert.InRange(line.Magic.Length, 2, 40);
            Assert.Contains(line.Magic, static b => b is not (0 or 0xFF));
        }
    }

    [Theory]
    [InlineData(1L << 41)]
    [InlineData((600L << 20) + 512 * 3)]
    [InlineData((9L << 20) + 777)]
    public void Each_is_found_under_its_name_at_each_of_its_places(long size)
    {
        foreach (var line in Lines)
            foreach (long at in line.On(size))
            {
                if (at + line.Magic.Length > size) continue;
                var found = ContentProbe.Look(new MemoryDisk(size).Write(at, line.Magic));
                // Not all copies lie in the places that are probed; the places of a disk of less than 2 TiB are not those of the next.
                if (found.Kind == ContentKind.Empty) Assert.DoesNotContain(Dora.Init.Storage.Disks.ProbedPlaces.Of(size), p => at >= p.Offset && at < p.End);
                else Assert.True(found.Kind == ContentKind.Foreign && found.Reason.Contains(line.Name), $"{line.Name} at {at} of {size}: {found}");
            }
    }

    [Fact]
    public void Labels_are_shown_without_what_would_harm_a_terminal()
    {
        foreach (var line in Lines.Where(static l => l.LabelLength > 0))
        {
            long at = line.On(1 << 30).First();
            var disk = new MemoryDisk(1 << 30).Write(at, line.Magic).Write(at + line.LabelAt, "ro\e[31mt"u8[..Math.Min(8, line.LabelLength)]);
            Assert.Contains($"{line.Name} labelled ro\\u001b[31mt", ContentProbe.Look(disk).Reason);
        }
    }

    [Theory]
    [InlineData(new[] { "83" }, "MBR with 1 partition (Linux)")]
    [InlineData(new[] { "07", "27" }, "MBR with 2 partitions (NTFS or exFAT, Windows recovery)")]
    [InlineData(new[] { "A5", "A6", "A9", "83" }, "MBR with 4 partitions (FreeBSD, OpenBSD, NetBSD, Linux)")]
    [InlineData(new[] { "EE" }, "protective MBR without a GPT")]
    [InlineData(new[] { "EE", "83" }, "MBR with 2 partitions (GPT, Linux)")]
    [InlineData(new[] { "99" }, "MBR with 1 partition (type 99)")]
    [InlineData(new string[0], "MBR or boot sector without partitions")]
    public void An_Mbr_names_its_partitions(string[] types, string reason)
    {
        var disk = new MemoryDisk(1 << 30).Write(510, [0x55, 0xAA]);
        for (int i = 0; i < types.Length; i++) disk.Write(446 + 16 * i, [0, 0, 0, 0, Convert.ToByte(types[i], 16), 0, 0, 0, 1, 0, 0, 0, 100]);
        var found = ContentProbe.Look(disk);
        Assert.Equal((ContentKind.Foreign, reason), (found.Kind, found.Reason));
    }
}
