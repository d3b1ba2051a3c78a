using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>storage.yaml is taken up by <c>dora service reload</c>, as service files are.</summary>
public class MountReloadTests
{
    private const string Keeper = """
        for-each: argument
        command: [/pandora/init, storage, remote, keep, "%i"]
        notify: systemd
        start-timeout: none
        stop-timeout: 30s
        restart: always
        """;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Fact]
    public void Mounts_begin_are_made_anew_and_end()
    {
        using var init = new InitInNamespace(new Dictionary<string, string> { ["mount"] = Keeper, ["user"] = "command: [/bin/sleep, '1000']\nneeds: [mount@media]\nstart: demand\n" });
        string file = Path.GetTempFileName();
        string? loop = null;
        try
        {
            using (var image = File.OpenWrite(file)) image.SetLength(16 << 20);
            Programs.Run(s_limit, "mke2fs", "-q", "-t", "ext4", file).Expect();
            loop = Programs.Run(s_limit, "losetup", "-f", "--show", file).Expect().Trim();
            init.Run($"mknod /dev/disk b 7 {loop["/dev/loop".Length..]}").Expect();
            void Write(string text) => init.Run("cat >/etc/dora/storage.yaml", input: text).Expect();
            string Reload(string options = "") => init.Run($"/pandora/dora service reload {options} 2>&1").Output;
            bool IsAt(string path) => init.Run($"grep -q ' {path} ' /proc/self/mountinfo").ExitCode == 0;

            Write("mounts: [{name: media, device: /dev/disk, file-system: ext4, at: /data/a}]\n");
            Assert.Matches("mount@media.*start", Reload("--dry-run"));
            Assert.False(IsAt("/data/a"));
            Reload();
            init.WaitForState("mount@media", "running");
            Assert.True(IsAt("/data/a"));
            Assert.DoesNotContain("mount@media", Reload("--dry-run"));

            // One that was stopped stays so: nothing of it has changed.
            init.Run("/pandora/dora service stop mount@media").Expect();
            Assert.DoesNotContain("mount@media", Reload());
            Assert.False(IsAt("/data/a"));
            init.Run("/pandora/dora service start user").Expect();
            init.WaitForState("user", "running");

            // Elsewhere, and with other options: made anew, with who needs it.
            Write("mounts:\n  - {name: media, device: /dev/disk, file-system: ext4, at: /data/b, read-only: true}\n");
            string shown = Reload("--dry-run");
            Assert.Matches("mount@media.*restart", shown);
            Assert.Contains("/data/b", shown);
            Assert.Contains("user", shown);
            Assert.True(IsAt("/data/a"));
            Reload();
            init.WaitFor("the mount elsewhere", () => IsAt("/data/b") && !IsAt("/data/a"));
            init.WaitForState("user", "running");

            // A file that cannot be used changes nothing.
            Write("mounts:\n  - {name: media, device: /dev/disk, at: /data/c, file-system: ext4}\n  - {name: other, at: /data/d}\n");
            string refused = Reload();
            Assert.Contains("/etc/dora/storage.yaml:3:", refused);
            Assert.DoesNotContain("mount@media", refused);
            Assert.True(IsAt("/data/b"));

            // In use by somebody: it stays until he is done, and only then is mounted what the file says now.
            Write("mounts:\n  - {name: media, device: /dev/disk, file-system: ext4, at: /data/b}\n");
            init.Run("cd /data/b && sleep 1000 >/dev/null 2>&1 & echo $! >/run/holder").Expect();
            init.Run("timeout 2 /pandora/dora service reload"); // which waits for it
            init.WaitFor("word of what is in use", () => init.Run("/pandora/dora service status mount@media").Output.Contains("is in use with what"));
            init.Run("kill $(cat /run/holder)").Expect();
            init.WaitFor("the mount that can be written to", () => init.Run("grep ' /data/b rw' /proc/self/mountinfo").ExitCode == 0);

            Write("mounts: []\n");
            Assert.Matches("mount@media.*stop", Reload("--dry-run"));
            Reload();
            init.WaitFor("the end of the mount", () => !IsAt("/data/b"));
            init.WaitFor("nothing left to do", () => !Reload("--dry-run").Contains("mount@media", StringComparison.Ordinal));
            init.Run("/pandora/dora service stop user").Expect();
        }
        finally
        {
            if (loop is not null) Programs.Run(s_limit, "losetup", "-d", loop);
            File.Delete(file);
        }
    }
}
