using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 7: "layers, each a read-only image stacked at boot".</summary>
public class LayerTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    // Four layers: two that add and replace, of which the later one wins, one in erofs, and one that is damaged.
    [Fact]
    public void Layers_are_stacked_in_the_order_of_their_names_and_a_damaged_one_is_left_out()
    {
        using var folder = new ScratchFolder();
        Layer(folder, "10-one", ("usr/bin/of-one", "#!/bin/sh\necho one\n"), ("usr/share/both", "one\n"), ("etc/from-layer", "one\n"));
        Layer(folder, "20-two", ("usr/share/both", "two\n"), ("usr/lib/dora/services/layered.yaml", "description: From a layer.\ntype: oneshot\ncommand: [/usr/bin/of-one]\n"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "25-three"));
        File.WriteAllText(Path.Combine(folder.Path, "25-three/of-three"), "three\n");
        Programs.Run(s_limit, "mkfs.erofs", Path.Combine(folder.Path, "layers/25-three.erofs"), Path.Combine(folder.Path, "25-three")).Expect();
        File.WriteAllText(Path.Combine(folder.Path, "layers/30-junk.squashfs"), "no squashfs");
        string iso = Iso(folder);

        using (var machine = Machine.Start(new MachineOptions { Name = "layers", Iso = iso }))
        {
            machine.WaitForSsh();
            Assert.Equal("one two one three", machine.SshOutput("echo $(of-one) $(cat /usr/share/both) $(cat /etc/from-layer) $(cat /of-three)"));
            Assert.Matches(@"root mounted .*squashfs, \d+ KiB \+ 10-one, \d+ KiB \+ 20-two, \d+ KiB \+ 25-three, \d+ KiB", machine.SshOutput("dora boot"));
            Assert.Matches("30-junk.squashfs: neither squashfs nor erofs .*; going on without it", machine.SshOutput("dora log --kernel; dora log | cat"));
            // Read-only all the same; what is written in /etc lies above all of it.
            Assert.Contains("Read-only", machine.SshOutput("touch /usr/x 2>&1 || true"));
            machine.SshOutput("echo mine >/etc/from-layer && dora service start layered");
            Figures.Record("ram_in_use_layers_kb", FiguresTests.RamInUse(machine));
            machine.PowerOff();
        }
        using (var machine = Machine.Start(new MachineOptions { Name = "layers-chosen", Iso = iso, CommandLine = $"{Line(folder)} pandora.layers=20-two,60-other" }))
        {
            machine.WaitForSsh();
            Assert.Equal("two", machine.SshOutput("cat /usr/share/both; ls /usr/bin/of-one 2>/dev/null || true"));
            Assert.Contains("layer 60-other: there is no /pandora/layers/60-other.squashfs on the boot medium", machine.Transcript.Text + machine.SshOutput("dmesg"));
        }
        // The medium is not needed any more: all of it is in RAM.
        using (var machine = Machine.Start(new MachineOptions { Name = "layers-ram", Iso = iso, CommandLine = $"{Line(folder)} pandora.copytoram" }))
        {
            machine.WaitForSsh();
            Assert.Equal("two\nno", machine.SshOutput("cat /usr/share/both; mountpoint -q /run/dora/medium && echo yes || echo no"));
        }
    }

    static void Layer(ScratchFolder folder, string name, params (string Path, string Content)[] files)
    {
        string tree = Path.Combine(folder.Path, name);
        foreach (var (path, content) in files)
        {
            string file = Path.Combine(tree, path);
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, content);
        }
        Programs.Run(s_limit, "chmod", "-R", "755", tree).Expect();
        Directory.CreateDirectory(Path.Combine(folder.Path, "layers"));
        Programs.Run(s_limit, "mksquashfs", tree, Path.Combine(folder.Path, $"layers/{name}.squashfs"), "-quiet", "-no-progress", "-all-root", "-comp", "zstd").Expect();
    }

    /// <summary>The parts of the build with other layers, packed anew.</summary>
    internal static string Iso(ScratchFolder folder)
    {
        foreach (string part in (string[])["vmlinuz", "initramfs.img", "rootfs.squashfs", "build", "cmdline", "cmdline-embedded"])
            File.Copy(Path.Combine(Artifacts.Out, part), Path.Combine(folder.Path, part));
        return Programs.Run(s_limit, Path.Combine(Artifacts.Repository, "image/pack/iso"), folder.Path).Expect().Trim();
    }

    static string Line(ScratchFolder folder) => File.ReadAllText(Path.Combine(folder.Path, "cmdline")).Trim();
}
