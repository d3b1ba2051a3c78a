using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>A storage in a LUKS2 container: what is on the disk cannot be read without its key, and a boot without the key goes on.</summary>
public class EncryptionTests
{
    const string Passphrase = "correct horse battery";

    [Fact]
    public void A_passphrase_is_chosen_and_asked_for_on_the_console()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk");
        using (var first = Start("encrypted-claim", "console", disk))
        {
            var person = new Dialogue(first);
            person.Expect(@"is empty and becomes this machine's storage, encrypted\.");
            person.Answer("Choose a passphrase", "short");
            person.Answer("needs 8 characters at least. Choose a passphrase", Passphrase);
            person.Answer("The same again:", "something else");
            person.Answer("They differ. Choose a passphrase", Passphrase);
            person.Answer("The same again:", Passphrase);
            first.WaitForSsh();
            var storage = first.Storage();
            Assert.Equal(("ready", true), (storage.State, storage.Claimed));
            Assert.Contains("encrypted btrfs on vda", storage.Reason);
            Figures.Record("storage_claim_alone_encrypted_ms", long.Parse(Regex.Match(storage.Reason, @"claimed in (\d+) ms").Groups[1].Value));
            Assert.Contains("\"encrypted\":true", first.SshOutput("dora --json storage"));
            first.SshOutput("echo plain-words-on-the-disk >/root/file; sync");
            first.PowerOff();
            Assert.DoesNotContain(Passphrase, first.Transcript.Text);
        }
        // By the tool of everybody, and as a thief sees it.
        Programs.Run(TimeSpan.FromMinutes(1), "sh", "-c", $"printf '{Passphrase}' | cryptsetup luksDump --dump-json-metadata {disks.Partition("disk")} >/dev/null").Expect();
        Assert.Equal(1, Programs.Run(TimeSpan.FromMinutes(1), "grep", "-q", "-a", "plain-words-on-the-disk", disk).ExitCode);
        Assert.Equal(1, Programs.Run(TimeSpan.FromMinutes(1), "grep", "-q", "-a", "_BHRfS_M", disk).ExitCode);

        // Twice as large now.
        disks.Grow("disk", 2048);
        using (var second = Start("encrypted-again", null, disk))
        {
            var person = new Dialogue(second);
            person.Expect("is encrypted");
            person.Answer("Passphrase", "wrong");
            person.Answer("That is not its passphrase. Passphrase", Passphrase);
            second.WaitForSsh();
            Assert.Equal("plain-words-on-the-disk", second.SshOutput("cat /root/file"));
            Assert.Contains("grown to 2.0 GiB", second.Storage().Reason);
            Assert.InRange(long.Parse(second.SshOutput("stat -f -c '%S %b' /data | { read s b; echo $((s * b)); }")), 1_800_000_000, 2L << 30);
            second.SshOutput("dora disk scrub vda");
            Assert.Contains("lies on one disk", second.Ssh("dora disk add vda --yes").Errors);
            second.PowerOff();
        }
        string kept = disks.Hash("disk");
        using (var third = Start("encrypted-none", null, disk))
        {
            new Dialogue(third).Answer("Passphrase", "");
            third.WaitForSsh();
            var storage = third.Storage();
            Assert.Equal("failed", storage.State);
            Assert.EndsWith("is encrypted: no passphrase was given", storage.Reason);
            third.PowerOff();
        }
        Assert.Equal(kept, disks.Hash("disk"));
    }

    [Fact]
    public void A_key_file_on_another_device_opens_it_without_anybody_there()
    {
        using var disks = new DiskFiles();
        string disk = disks.Empty("disk"), stick = disks.Empty("stick", 64);
        byte[] key = new byte[64];
        Random.Shared.NextBytes(key);
        key[10] = (byte)'\n';
        File.WriteAllBytes(disks["web.key"], key);
        Programs.Run(TimeSpan.FromMinutes(1), "mkfs.vfat", "-n", "KEYS", stick).Expect();
        Programs.Run(TimeSpan.FromMinutes(1), "mcopy", "-i", stick, disks["web.key"], "::/web.key").Expect();
        string before = disks.Hash("stick");
        const string keyed = "LABEL=KEYS:/web.key pandora.storage_fs=ext4";

        // The power goes in the middle of the claim, and nobody has to be asked.
        using (var cut = Start("key-file-cut", keyed, stick, disk))
        {
            cut.WaitForLine("storage: claiming vdb", Machine.BootLimit, "the claim");
            Thread.Sleep(Random.Shared.Next(0, 1500));
            cut.CutPower();
        }
        using (var first = Start("key-file-claim", keyed, stick, disk))
        {
            first.WaitForSsh();
            Assert.Equal("ready", first.Storage().State);
            Assert.Contains("encrypted ext4 on vdb", first.Storage().Reason);
            first.SshOutput("echo kept >/root/file");
            first.PowerOff();
        }
        using (var second = Start("key-file-again", keyed, disk, stick))
        {
            second.WaitForSsh();
            Assert.Equal("kept", second.SshOutput("cat /root/file"));
            // To open it, to check the file system and to mount it.
            Figures.Record("storage_mount_encrypted_ms", long.Parse(Regex.Match(second.Storage().Reason, @"mounted in (\d+) ms").Groups[1].Value));
            Assert.Equal("foreign", second.Disks()["vdb"].GetProperty("state").GetString());
            second.PowerOff();
        }
        string kept = disks.Hash("disk");
        foreach (var (name, wish, others, reason) in ((string, string, string[], string)[])
            [
                ("key-file-gone", "LABEL=KEYS:/web.key pandora.storage_timeout=6", [disk], "its key, LABEL=KEYS:/web.key: there is no such device"),
                ("key-file-other", "LABEL=KEYS:/other.key", [disk, stick], "its key, LABEL=KEYS:/other.key: no such file or directory (ENOENT)"),
            ])
        {
            using var without = Start(name, wish, others);
            without.WaitForSsh();
            Assert.Equal("failed", without.Storage().State);
            Assert.EndsWith(reason, without.Storage().Reason);
        }
        Assert.Equal(kept, disks.Hash("disk"));
        Assert.Equal(before, disks.Hash("stick"));

        // What cannot be understood must not end in a disk that is not encrypted.
        string empty = disks.Empty("empty");
        string untouched = disks.Hash("empty");
        using (var wrong = Start("key-wrong", "KEYS/web.key", empty))
        {
            wrong.WaitForSsh();
            Assert.Equal("memory", wrong.Storage().State);
        }
        Assert.Equal(untouched, disks.Hash("empty"));

        // On a running machine, where nobody can be asked.
        using (var later = Start("key-later", $"{keyed} pandora.claim=never", empty, stick))
        {
            later.WaitForSsh();
            Assert.Equal("memory", later.Storage().State);
            later.SshOutput("echo kept >/root/file; dora disk claim vda --yes");
            Assert.Equal("ours", later.Disks()["vda"].GetProperty("state").GetString());
            Assert.Contains("encrypted", later.Disks()["vda"].GetProperty("reason").GetString());
            Assert.Equal("", later.SshOutput("ls /sys/block | grep dm- || true"));
            later.PowerOff();
        }
        using (var after = Start("key-later-again", keyed, empty, stick))
        {
            after.WaitForSsh();
            Assert.Equal("kept", after.SshOutput("cat /root/file"));
        }
    }

    static Machine Start(string name, string? key, params string[] disks) => Machine.Start(new MachineOptions
    {
        Name = name, Iso = Artifacts.Iso, Disks = [.. disks.Select(disk => new MachineDisk(disk))], CommandLine = key is null ? null : $"{Artifacts.CommandLine} pandora.storage_key={key}",
    });

    /// <summary>What is asked and answered on the serial line, each question behind the one before.</summary>
    sealed class Dialogue(Machine machine)
    {
        int _from;

        public void Expect(string text)
        {
            var match = machine.WaitForLine(text, Machine.BootLimit, "the question", _from);
            _from += match.Index + match.Length;
        }

        public void Answer(string question, string answer)
        {
            Expect(question);
            machine.Type(answer + "\n");
        }
    }
}
