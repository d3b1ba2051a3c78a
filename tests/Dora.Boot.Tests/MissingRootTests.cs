using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 2: "No rootfs found, a corrupt rootfs, a missing module: a clear message on the console, bounded in time." And
/// what follows: reboot after panic= seconds, or hold with panic=0; never a kernel panic.
/// </summary>
public class MissingRootTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Hardware.IsVirtual ? 60 : 120);

    [Fact]
    public void No_medium_names_what_was_looked_for_and_what_was_seen_and_reboots()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-disk-").FullName;
        try
        {
            string disk = Path.Combine(folder, "disk");
            using (var file = File.Create(disk)) file.SetLength(8 << 20);
            using var machine = Start("no-medium", iso: null, disks: [disk]);
            machine.WaitForLine("PANDORA.*not found|no .*PANDORA|PANDORA", s_limit, "the name of what was looked for");
            machine.WaitForLine("vda", s_limit, "the disk that was seen");
            Assert.Equal("guest-reset", machine.WaitForEnd(s_limit, "reboot after panic= seconds"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Panic_0_holds_the_machine_with_the_message_on_the_console()
    {
        using var machine = Start("no-medium-hold", iso: null, panic: 0);
        machine.WaitForLine("PANDORA", s_limit, "the name of what was looked for");
        Thread.Sleep(TimeSpan.FromSeconds(10));
        Assert.Throws<MachineException>(() => machine.WaitForEnd(TimeSpan.FromSeconds(1), "nothing"));
    }

    [Theory]
    [InlineData("corrupt-superblock", 96)]
    [InlineData("corrupt-start", 8 << 20)]
    public void A_corrupt_rootfs_is_told_and_the_machine_reboots(string name, int length)
    {
        string folder = Directory.CreateTempSubdirectory("pandora-iso-").FullName;
        try
        {
            string iso = Path.Combine(folder, "iso");
            File.Copy(Artifacts.Iso, iso);
            using (var file = File.OpenWrite(iso))
            {
                file.Position = FindSquashfs(Artifacts.Iso);
                var rubbish = new byte[length];
                new Random(1).NextBytes(rubbish);
                file.Write(rubbish);
            }
            using var machine = Start(name, iso);
            machine.WaitForLine(@"rootfs\.squashfs|squashfs", s_limit, "the name of the image");
            Assert.Equal("guest-reset", machine.WaitForEnd(s_limit, "reboot after panic= seconds"));
            Assert.Matches(@"E(INVAL|IO)|invalid|corrupt|superblock", machine.Transcript.Text);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("squashfs")]
    [InlineData("isofs")]
    [InlineData("ata_piix")]
    public void A_missing_module_is_told_by_name_and_the_machine_reboots(string module)
    {
        string initramfs = Initramfs.Without("without-" + module, entry => entry.EndsWith($"/{module}.ko", StringComparison.Ordinal));
        using var machine = Start("without-" + module, Artifacts.Iso, initramfs: initramfs);
        machine.WaitForLine(module == "ata_piix" ? "PANDORA" : module, s_limit, "the name of what is missing");
        Assert.Equal("guest-reset", machine.WaitForEnd(s_limit, "reboot after panic= seconds"));
    }

    static Machine Start(string name, string? iso, IReadOnlyList<MachineDisk>? disks = null, int panic = 3, string? initramfs = null) =>
        Machine.Start(new MachineOptions
        {
            Name = name, Iso = iso, Disks = disks ?? [], Initramfs = initramfs,
            CommandLine = $"{System.Text.RegularExpressions.Regex.Replace(Artifacts.CommandLine, @"\bpanic=\S+", "")} panic={panic} pandora.root_timeout=5",
        });

    /// <summary>Where the root lies in the image: on a sector of 2048 bytes that begins as it does (a layer is a squashfs, too).</summary>
    static long FindSquashfs(string iso)
    {
        using var file = File.OpenRead(iso);
        byte[] superblock = new byte[96], head = new byte[96];
        using (var root = File.OpenRead(Artifacts.Root)) root.ReadExactly(superblock);
        for (long at = 0; at + 2048 <= file.Length; at += 2048)
        {
            file.Position = at;
            file.ReadExactly(head);
            if (head.AsSpan().SequenceEqual(superblock)) return at;
        }
        throw new InvalidOperationException($"{iso}: no root in it");
    }
}
