namespace Dora.Boot.Tests.Harness;

/// <summary>
/// The image with the distribution's generic kernel, which has what the kernel `virt` lacks: AHCI, USB, 9p. Building it takes as long
/// as three tests, so tests of it are marked <c>[Trait("Image", "generic")]</c>: tests/run leaves them out unless PANDORA_GENERIC
/// says otherwise, and `tests/soak generic` is the campaign that says so.
/// </summary>
static class GenericImage
{
    public static string Iso => Need("pandora.iso");
    public static string Kernel => Need("vmlinuz");
    public static string Initramfs => Need("initramfs.img");
    public static string CommandLine => File.ReadAllText(Need("cmdline")).Trim();

    static string Need(string name)
    {
        string path = Path.Combine(Artifacts.Out, "generic", name);
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path}: not there; run tests/soak generic");
    }
}
