namespace Dora.Boot.Tests.Harness;

/// <summary>
/// What tests/run has built for these tests. It hands over paths in the environment; a run by hand
/// (`dotnet test tests/Dora.Boot.Tests`) finds what the last tests/run left in out/.
/// </summary>
static class Artifacts
{
    public static string Repository { get; } = FindRepository();
    public static string Out { get; } = Environment.GetEnvironmentVariable("PANDORA_OUT") ?? Path.Combine(Repository, "out");

    /// <summary>The image as it is, with <see cref="BuiltInKey"/> inside.</summary>
    public static string Iso => Need("PANDORA_ISO", "pandora.iso");

    /// <summary>The same with the service files of make-overlay laid over it.</summary>
    public static string TestIso => Need("PANDORA_TEST_ISO", "tests/overlaid/pandora.iso");

    /// <summary>The artefacts beside the ISO, of the same parts (image/mkimage).</summary>
    public static string Uki => Need("PANDORA_UKI", "pandora.efi");
    public static string Raw => Need("PANDORA_RAW", "pandora.raw");
    public static string Qcow2 => Need("PANDORA_QCOW2", "pandora.qcow2");

    /// <summary>The iPXE script in the folder for a boot server.</summary>
    public static string Pxe => Need("PANDORA_PXE", "pxe/boot.ipxe");

    public static string Root => Need("PANDORA_ROOT", "rootfs.squashfs");
    public static string Kernel => Need("PANDORA_KERNEL", "vmlinuz");
    public static string Initramfs => Need("PANDORA_INITRAMFS", "initramfs.img");
    public static string Init => Need("PANDORA_INIT", "bin/init");
    public static string Dora => Need("PANDORA_DORA", "bin/dora");

    /// <summary>The kernel command line that the boot loaders of the image use.</summary>
    public static string CommandLine => File.ReadAllText(Need("PANDORA_CMDLINE", "cmdline")).Trim();

    /// <summary>Private key whose public half is built into the images.</summary>
    public static string BuiltInKey => Need("PANDORA_SSH_KEY", "tests/key");

    /// <summary>Private key that no image knows: only a kernel command line can bring it in.</summary>
    public static string OtherKey => Need("PANDORA_OTHER_KEY", "tests/other-key");

    static string Need(string variable, string file)
    {
        string path = Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given ? given : Path.Combine(Out, file);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path}: not there; run tests/run boot (or set {variable})");
    }

    static string FindRepository()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Pandora.sln"))) return folder.FullName;
        throw new DirectoryNotFoundException($"no Pandora.sln above {AppContext.BaseDirectory}");
    }
}
