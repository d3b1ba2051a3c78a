using System.Text.Json;
using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

[CollectionDefinition(nameof(FiguresTests), DisableParallelization = true)]
public class FiguresCollection;

/// <summary>
/// Issue 2's figures, for out/figures.json. Not parallel to other machines: half of a processor is another machine.
/// They are compared with their budgets by tests/run, in print; here only what cannot be true fails.
/// </summary>
[Collection(nameof(FiguresTests))]
public class FiguresTests
{
    [Fact]
    public void Sizes_of_what_was_built()
    {
        Record("init_bytes", Artifacts.Init);
        Record("dora_bytes", Artifacts.Dora);
        Record("initramfs_bytes", Artifacts.Initramfs);
        Record("iso_bytes", Artifacts.Iso);
        Record("uki_bytes", Artifacts.Uki);
        Record("raw_bytes", Artifacts.Raw);
        Record("qcow2_bytes", Artifacts.Qcow2);
        Record("rootfs_bytes", Artifacts.Root);
        // vm, and the ISO with all of them: NamedLayerTests.
        Record("layer_chroot_bytes", Path.Combine(Artifacts.Out, "layers/chroot.squashfs"));
        long without = Initramfs.SizeWithoutModules();
        Assert.InRange(without, 100_000, new FileInfo(Artifacts.Initramfs).Length);
        Figures.Record("initramfs_without_modules_bytes", without);

        static void Record(string name, string file) => Figures.Record(name, new FileInfo(file).Length);
    }

    // An empty disk of 2 GiB is claimed, and used by the next boot; alone on the machine.
    [Theory]
    [InlineData("btrfs")]
    [InlineData("ext4")]
    public void Times_of_storage(string type)
    {
        using var disks = new Storage.DiskFiles();
        string disk = disks.Empty("disk", 2048);
        foreach (string what in (string[])["claim", "use"])
        {
            using var machine = Machine.Start(new MachineOptions
            {
                Name = $"figures-{type}-{what}", Iso = Artifacts.Iso, Disks = [disk], CommandLine = $"{Artifacts.CommandLine} pandora.storage_fs={type}",
            });
            if (what == "use") Figures.Record($"ram_in_use_{type}_kb", RamInUse(machine));
            machine.WaitForSsh();
            var storage = machine.Storage();
            Assert.Equal(("ready", what == "claim"), (storage.State, storage.Claimed));
            var report = JsonDocument.Parse(machine.SshOutput("dora boot --json")).RootElement;
            var stage = report.GetProperty("stages").EnumerateArray().Single(stage => stage.GetProperty("name").GetString() == "storage ready");
            long took = stage.GetProperty("endMs").GetInt64() - stage.GetProperty("startMs").GetInt64();
            Figures.Record($"storage_{what}_{type}_ms", took);
            if (what == "claim") Figures.Record($"storage_claim_alone_{type}_ms", long.Parse(Regex.Match(storage.Reason, @"claimed in (\d+) ms").Groups[1].Value));
            else Figures.Record($"storage_share_of_boot_{type}_percent", took * 100 / (SshReady(report) - report.GetProperty("handoverMs").GetInt64()));
            machine.PowerOff();
        }

    }

    static long SshReady(JsonElement report) =>
        report.GetProperty("services").EnumerateArray().Single(service => service.GetProperty("name").GetString() == "sshd").GetProperty("readyMs").GetInt64();

    /// <summary>From the kernel's hand-over to sshd.</summary>
    public static long HandoverToSsh(Machine machine)
    {
        var report = JsonDocument.Parse(machine.SshOutput("dora boot --json")).RootElement;
        return SshReady(report) - report.GetProperty("handoverMs").GetInt64();
    }

    [Fact]
    public void Memory_and_times_of_a_guest_of_256_MB()
    {
        using var machine = Machine.Start(new MachineOptions { Name = "figures", Iso = Artifacts.Iso, MemoryMb = 256 });
        Figures.Record("ram_in_use_kb", RamInUse(machine));

        machine.WaitForSsh();
        int manager = machine.ManagerPid();
        Figures.Record("guard_rss_kb", Rss(machine, 1));
        Figures.Record("guard_threads", long.Parse(machine.SshOutput("ls /proc/1/task | wc -l")));
        Figures.Record("manager_rss_kb", Rss(machine, manager));

        var report = JsonDocument.Parse(machine.SshOutput("dora boot --json")).RootElement;
        long handover = report.GetProperty("handoverMs").GetInt64();
        long started = report.GetProperty("stages").EnumerateArray().Where(stage => stage.GetProperty("phase").GetString() == "manager")
            .Min(stage => stage.GetProperty("startMs").GetInt64());
        long ssh = SshReady(report);
        Assert.InRange(started - handover, 1, 120_000);
        Assert.InRange(ssh - handover, started - handover, 120_000);
        Figures.Record("kernel_to_handover_ms", handover);
        Figures.Record("handover_to_manager_ms", started - handover);
        Figures.Record("handover_to_ssh_ms", ssh - handover);
    }

    // A 256 MB guest, ssh port open, DHCP done, nobody logged in: all is read by the shell that waits on the serial
    // console anyway, with its builtins.
    public static long RamInUse(Machine machine)
    {
        machine.WaitForConsole();
        WaitUntil(machine, "a DHCP lease", "grep -q 10.0.2.15 /proc/net/fib_trie");
        WaitUntil(machine, "the ssh port", "grep -q ':0016 ' /proc/net/tcp6 /proc/net/tcp");
        // What boot has read and freed settles.
        Thread.Sleep(TimeSpan.FromSeconds(5));
        string text = machine.Console("while read l; do echo \"$l\"; done </proc/meminfo").Expect();
        long Field(string name) => long.Parse(Regex.Match(text, $@"(?m)^{name}:\s+(\d+) kB$").Groups[1].Value);
        long inUse = Field("MemTotal") - Field("MemFree") - Field("Buffers") - Field("Cached") - Field("SReclaimable") + Field("Shmem");
        Assert.InRange(inUse, 5_000, 250_000);
        return inUse;
    }

    // Halving over a few sizes. The answer of the last run is where it starts: two boots when nothing has changed.
    [Fact]
    public void Smallest_guest_that_reaches_ssh() => Figures.Record("min_ram_mb", Smallest("memory", Artifacts.Iso, isGeneric: false));

    [Fact]
    [Trait("Image", "generic")]
    public void Sizes_and_memory_of_the_generic_image()
    {
        Figures.Record("generic_iso_bytes", new FileInfo(GenericImage.Iso).Length);
        Figures.Record("generic_initramfs_bytes", new FileInfo(GenericImage.Initramfs).Length);
        using (var machine = Machine.Start(new MachineOptions { Name = "figures-generic", Iso = GenericImage.Iso, IsGeneric = true }))
            Figures.Record("generic_ram_in_use_kb", RamInUse(machine));
        Figures.Record("generic_min_ram_mb", Smallest("generic-memory", GenericImage.Iso, isGeneric: true));
    }

    static int Smallest(string name, string iso, bool isGeneric)
    {
        int[] sizes = [40, 48, 56, 64, 72, 80, 88, 96, 112, 128, 160, 192, 256];
        string memory = Path.Combine(Artifacts.Out, "tests", isGeneric ? "min-ram-generic" : "min-ram");
        int fails = -1, works = sizes.Length - 1; // 256 MB is what all other tests have
        int guess = File.Exists(memory) && int.TryParse(File.ReadAllText(memory), out int last) ? Array.IndexOf(sizes, last) : -1;
        if (guess >= 0) Try(guess);
        if (guess > 0 && works == guess) Try(guess - 1);
        while (works - fails > 1) Try((fails + works) / 2);
        File.WriteAllText(memory, sizes[works].ToString());
        return sizes[works];

        void Try(int index)
        {
            if (index <= fails || index >= works && index != guess) return;
            if (ReachesSsh(new MachineOptions { Name = $"{name}-{sizes[index]}", Iso = iso, IsGeneric = isGeneric, MemoryMb = sizes[index] })) works = Math.Min(works, index);
            else fails = Math.Max(fails, index);
        }
    }

    static bool ReachesSsh(MachineOptions options)
    {
        using var machine = Machine.Start(options);
        try
        {
            machine.WaitForSsh(TimeSpan.FromSeconds(Hardware.IsVirtual ? 30 : 60));
            machine.SshOutput("true");
            return true;
        }
        catch (MachineException)
        {
            return false;
        }
    }

    static long Rss(Machine machine, int pid) => long.Parse(machine.SshOutput($"awk '/^Rss/ {{ print $2 }}' /proc/{pid}/smaps_rollup"));

    static void WaitUntil(Machine machine, string what, string test)
    {
        var end = DateTime.UtcNow + TimeSpan.FromSeconds(60);
        while (machine.Console(test).ExitCode != 0)
        {
            if (DateTime.UtcNow > end) throw new MachineException($"{machine.Name}: {what} did not come", machine.Transcript.Tail());
            Thread.Sleep(500);
        }
    }
}
