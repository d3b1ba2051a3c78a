using Dora.Init.Boot;
using Xunit;

namespace Dora.Init.Tests.Boot;

public sealed class ImageCopiedTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-copied-").FullName;
    private readonly List<string> _said = [];

    public ImageCopiedTests() => Log.TestSink = _said.Add;

    public void Dispose()
    {
        Log.TestSink = null;
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>A file that ends after <paramref name="readable"/> bytes cannot be read further, as on a medium with bad sectors.</summary>
    private RootImage Image(string path, int size, int readable)
    {
        string file = $"{_folder}/medium/{path}";
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var bytes = new byte[readable];
        new Random(path.Length).NextBytes(bytes);
        File.WriteAllBytes(file, bytes);
        return new RootImage(file, "squashfs", size);
    }

    [Fact]
    public void A_layer_that_cannot_be_read_costs_that_layer_only()
    {
        var root = Image("rootfs.squashfs", 700_000, 700_000);
        var one = Image("layers/one.squashfs", 5000, 5000);
        var damaged = Image("layers/two.squashfs", 600_000, 300_000);
        var three = Image("layers/rootfs.squashfs", 4096, 4096); // called as the root image is
        var gone = new RootImage($"{_folder}/medium/layers/zero.squashfs", "squashfs", 4096);
        var state = new BootState { Image = root, Layers = [one, damaged, three, gone] };
        ImageCopied.CopyAll(state, $"{_folder}/ram");

        Assert.Equal($"{_folder}/ram/rootfs.squashfs", state.Image.Path);
        Assert.Equal([$"{_folder}/ram/layers/one.squashfs", $"{_folder}/ram/layers/rootfs.squashfs"], state.Layers.Select(layer => layer.Path));
        foreach (var (from, to) in ((RootImage, RootImage)[])[(root, state.Image), (one, state.Layers[0]), (three, state.Layers[1])])
            Assert.Equal(File.ReadAllBytes(from.Path), File.ReadAllBytes(to.Path));
        // What was copied of the damaged one would hold RAM for nobody.
        Assert.Equal(["one.squashfs", "rootfs.squashfs"], Directory.EnumerateFiles($"{_folder}/ram/layers").Select(Path.GetFileName).Order());
        Assert.Equal(2, _said.Count);
        Assert.StartsWith($"boot: layer {damaged.Path}: read {damaged.Path} at byte 300000: ", _said[0]);
        Assert.Contains("EIO", _said[0]);
        Assert.StartsWith($"boot: layer {gone.Path}: open {gone.Path}: ", _said[1]);
        Assert.All(_said, line => Assert.EndsWith("; going on without it", line));
    }

    [Fact]
    public void A_root_that_cannot_be_read_ends_the_boot()
    {
        var state = new BootState { Image = Image("rootfs.squashfs", 600_000, 300_000), Layers = [Image("layers/one.squashfs", 5000, 5000)] };
        var failure = Assert.Throws<BootFailure>(() => ImageCopied.CopyAll(state, $"{_folder}/ram"));
        Assert.StartsWith($"boot: copy the root to RAM (pandora.copytoram): read {state.Image.Path} at byte 300000: ", failure.Lines[0]);
        Assert.Contains("damaged", failure.Lines[1]);
        Assert.Empty(_said);
    }
}
