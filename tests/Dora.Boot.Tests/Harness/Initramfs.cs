namespace Dora.Boot.Tests.Harness;

/// <summary>Variants of the build's initramfs.</summary>
static class Initramfs
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>The build's initramfs without the files that match, uncompressed (the kernel takes that too).</summary>
    public static string Without(string name, Func<string, bool> matches)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Artifacts.Out, "tests", "initramfs")).FullName;
        string all = Path.Combine(folder, name + ".all"), file = Path.Combine(folder, name);
        Programs.Run(s_limit, "zstd", "-qdf", Artifacts.Initramfs, "-o", all).Expect();
        byte[] archive = File.ReadAllBytes(all);
        File.Delete(all);
        byte[] left = Cpio.Without(archive, matches);
        if (left.Length == archive.Length) throw new InvalidOperationException($"{name}: nothing in the initramfs matches");
        File.WriteAllBytes(file, left);
        return file;
    }

    /// <summary>Bytes of it without kernel modules, compressed as the build does.</summary>
    public static long SizeWithoutModules()
    {
        string file = Without("without-modules", entry => entry.StartsWith("lib/modules", StringComparison.Ordinal) || entry is "lib");
        Programs.Run(s_limit, "zstd", "-qf", "-19", "-T1", file, "-o", file + ".zst").Expect();
        return new FileInfo(file + ".zst").Length;
    }
}
