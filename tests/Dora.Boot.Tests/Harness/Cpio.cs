using System.Globalization;
using System.Text;

namespace Dora.Boot.Tests.Harness;

/// <summary>Takes entries out of an initramfs: archives in the "newc" format, one behind the other.</summary>
static class Cpio
{
    const int HeaderSize = 110;

    /// <summary>The bytes without the entries whose name matches; archives end as they did.</summary>
    public static byte[] Without(byte[] archive, Func<string, bool> matches)
    {
        using var output = new MemoryStream(archive.Length);
        int at = 0;
        while (at < archive.Length)
        {
            if (archive[at] == 0)
            {
                // Padding between archives; kept, since each is aligned on its own.
                output.WriteByte(archive[at++]);
                continue;
            }
            int size = Number(54), nameSize = Number(94);
            string name = Encoding.UTF8.GetString(archive, at + HeaderSize, nameSize - 1);
            int content = Aligned(HeaderSize + nameSize), length = content + Aligned(size);
            if (name == "TRAILER!!!" || !matches(name)) output.Write(archive, at, Math.Min(length, archive.Length - at));
            at += length;

            int Number(int field) =>
                int.Parse(Encoding.ASCII.GetString(archive, at + field, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        }
        return output.ToArray();
    }

    static int Aligned(int size) => (size + 3) & ~3;
}
