using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: "each dead end names what it looked for and what it saw, and offers a rescue shell on the console once the root is there".</summary>
public class RescueShellTests
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(Hardware.IsVirtual ? 60 : 120);

    [Fact]
    public void An_init_that_cannot_run_is_named_and_the_roots_shell_is_offered_and_leaving_it_restarts()
    {
        string folder = Directory.CreateTempSubdirectory("pandora-rescue-").FullName;
        try
        {
            using var machine = Machine.Start(new MachineOptions
            {
                Name = "rescue-shell", Iso = IsoWithBrokenInit(folder),
                CommandLine = $"{Regex.Replace(Artifacts.CommandLine, @"\b(panic|pandora\.build)=\S+", "")} panic=60",
            });
            machine.WaitForLine(@"execute /sbin/init of the root image: exec format error \(ENOEXEC\)", s_limit, "what cannot be executed, and why");
            machine.WaitForLine("press Enter on the console for a rescue shell", s_limit, "the offer");
            machine.WaitForConsole(s_limit);
            Assert.Contains("PRETTY_NAME", machine.Console("cat /etc/os-release").Output);
            _ = machine.Console("test -e /dev/console && test -d /proc/1 && test -d /sys/class").Expect();
            machine.Type("exit\n");
            Assert.Equal("guest-reset", machine.WaitForEnd(s_limit, "restart after the shell"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The real root with another /sbin/init in it: text, which the kernel does not execute.</summary>
    static string IsoWithBrokenInit(string folder)
    {
        string root = Path.Combine(folder, "root"), image = Path.Combine(folder, "rootfs.squashfs"), iso = Path.Combine(folder, "iso");
        Programs.Run(s_limit, "unsquashfs", "-no-progress", "-quiet", "-dest", root, Path.Combine(Artifacts.Out, "rootfs.squashfs")).Expect();
        File.Delete(Path.Combine(root, "sbin/init"));
        File.WriteAllText(Path.Combine(root, "sbin/init"), "no program\n");
        Programs.Run(s_limit, "chmod", "755", Path.Combine(root, "sbin/init")).Expect();
        Programs.Run(s_limit, "mksquashfs", root, image, "-noappend", "-quiet", "-no-progress", "-comp", "zstd", "-Xcompression-level", "1").Expect();
        Programs.Run(s_limit, "xorriso", "-as", "mkisofs", "-quiet", "-R", "-V", "PANDORA", "-o", iso, "-graft-points", $"pandora/rootfs.squashfs={image}").Expect();
        return iso;
    }
}
