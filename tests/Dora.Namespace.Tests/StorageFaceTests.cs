using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Storage and disks as curl and dora see them in a container, where no storage is looked for and disks are somebody else's.</summary>
public sealed class StorageFaceTests(StorageFaceTests.Running running) : IClassFixture<StorageFaceTests.Running>
{
    public sealed class Running : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '1000']\n" });

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static string Curl(InitInNamespace init, string arguments) => init.Run($"curl -sS --max-time 20 --unix-socket /run/dora/dora.sock {arguments}", s_limit).Expect();

    private string Curl(string arguments) => Curl(_init, arguments);

    private Outcome Dora(string arguments) => _init.Run($"cd /tmp && /pandora/dora {arguments}", s_limit);

    private const string As = "setpriv --reuid 1234 --regid 1235 --clear-groups";

    [Fact]
    public void Everything_is_in_memory_and_everybody_may_know()
    {
        var status = JsonDocument.Parse(_init.Run($"{As} curl -sS --unix-socket /run/dora/dora.sock http://x/v1/storage").Expect()).RootElement;
        Assert.Equal("memory", status.GetProperty("state").GetString());
        var paths = status.GetProperty("paths").EnumerateArray().ToDictionary(path => path.GetProperty("path").GetString()!, path => path.GetProperty("persistent").GetBoolean());
        Assert.Contains("/etc", paths.Keys);
        Assert.All(paths, path => Assert.False(path.Value, path.Key));
        string words = Dora("storage").Expect();
        Assert.StartsWith("storage: memory: ", words);
        Assert.Matches(@"/etc +no +in RAM", words);
    }

    [Fact]
    public void The_connection_goes_on_behind_it()
    {
        string output = Curl("-v http://x/v1/storage http://x/v1/disks http://x/v1/version 2>&1");
        Assert.Equal(3, output.Split("200 OK").Length - 1);
        Assert.Equal(2, output.Split("Re-using existing connection").Length - 1);
    }

    [Fact]
    public void Disks_are_those_of_the_host_without_what_is_made_up()
    {
        string[] names = [.. JsonDocument.Parse(Curl("http://x/v1/disks")).RootElement.EnumerateArray().Select(disk =>
        {
            Assert.True(disk.GetProperty("reason").GetString()!.Length > 0);
            return disk.GetProperty("name").GetString()!;
        })];
        Assert.DoesNotContain(names, name => name.StartsWith("loop", StringComparison.Ordinal) || name.StartsWith("ram", StringComparison.Ordinal));
        Assert.All(names, name => Assert.True(Directory.Exists($"/sys/block/{name}")));
        var (code, list, errors) = Dora("disk list");
        Assert.Equal((0, ""), (code, errors));
        Assert.All(names, name => Assert.Contains(name, list));
    }

    [Fact]
    public void What_is_no_disk_is_not_found_and_nothing_is_begun()
    {
        foreach (string name in (string[])["nix", "loop0", "sda1"])
            foreach (string request in (string[])["", "/health", "-X POST /claim", "-X POST /release", "-X POST /add", "-X POST /remove"])
            {
                if (name == "loop0" && request == "/health") continue; // of that smartctl may say what it likes
                string[] words = request.Split(' ');
                string answer = Curl($"{string.Join(' ', words[..^1])} -w ' %{{http_code}}' http://x/v1/disks/{name}{words[^1]}");
                // Whoever wants to add or remove is told first that there is no storage.
                Assert.True(answer.EndsWith(" 404", StringComparison.Ordinal) ? answer.Contains("disk.not-found") : answer.EndsWith(" 409", StringComparison.Ordinal) && answer.Contains("storage.none"), $"{name}{request}: {answer}");
            }
        var (code, _, errors) = Dora("disk claim nix --yes");
        Assert.Equal(1, code);
        Assert.Contains("nix: there is no such disk", errors);
        Assert.Contains("disk claim nix: for uid 0", (Curl("-X POST http://x/v1/disks/nix/claim"), _init.KernelLog).KernelLog);
    }

    [Fact]
    public void Disks_are_for_those_who_may_change_things()
    {
        Assert.Contains("access.denied", _init.Run($"{As} curl -sS --unix-socket /run/dora/dora.sock http://x/v1/disks").Expect());
        Assert.Contains("access.denied", _init.Run($"{As} curl -sS -X POST --unix-socket /run/dora/dora.sock http://x/v1/disks/nix/claim").Expect());
        Assert.Contains("access.denied", Curl("-X POST --unix-socket /run/dora/read/dora.sock http://x/v1/disks/nix/release"));
    }

    [Fact]
    public void There_is_nothing_to_scrub()
    {
        Assert.Contains("storage.none", Curl("http://x/v1/storage/scrub"));
        var (code, _, errors) = Dora("disk scrub");
        Assert.Equal(1, code);
        Assert.Contains("everything is in RAM", errors);
        Assert.Contains("hint: ", errors);
    }

    [Fact]
    public void What_is_masked_says_until_when()
    {
        Assert.Contains("until the next boot: /etc is in RAM", Dora("service mask web").Expect());
        Assert.Contains("until the next boot", Dora("service unmask web").Expect());
    }

    /// <summary>A btrfs at /data and what the boot would have written of it: the answers of the published binaries, step by step.</summary>
    [Fact]
    public void A_storage_is_shown_scrubbed_and_missed()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>());
        string disk = Path.GetTempFileName();
        try
        {
            using (var file = File.OpenWrite(disk)) file.SetLength(120 << 20);
            Programs.Run(s_limit, "mkfs.btrfs", "-q", disk).Expect();
            string loop = Programs.Run(s_limit, "losetup", "-f", "--show", disk).Expect().Trim();
            try
            {
                init.Run($"mknod /dev/testdisk b 7 {loop["/dev/loop".Length..]} && mkdir -p /data && mount -t btrfs /dev/testdisk /data && head -c 3000000 /dev/urandom >/data/content && sync").Expect();
            }
            finally
            {
                Programs.Run(s_limit, "losetup", "-d", loop); // with the mount, once there is one
            }
            string name = Path.GetFileName(loop); // as if it were one: the kernel knows it
            init.Run($"mkdir -p /run/dora/storage && cat >/run/dora/storage/status.json", input:
                $$"""{"state":"ready","reason":"btrfs on {{name}}","kind":"disk","fileSystem":"btrfs","uuid":"0c0f5d3e","disks":[{"name":"{{name}}","serial":"7","number":0}],"tookMs":5}""").Expect();

            string words = init.Run("/pandora/dora storage").Expect();
            Assert.StartsWith("storage: ready: btrfs", words);
            Assert.Matches(@"of 120 MiB used \(\d+\.\d %\), \d.* available", words);
            Assert.Matches(@"/data +yes +/data", words);
            Assert.Equal("never", JsonDocument.Parse(Curl(init, "http://x/v1/storage/scrub")).RootElement.GetProperty("state").GetString());

            string[] lines = Curl(init, "-X POST http://x/v1/storage/scrub").Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.All(lines[..^1], line => Assert.DoesNotContain("\"result\":", line));
            var result = JsonDocument.Parse(lines[^1]).RootElement.GetProperty("result");
            Assert.Equal("/data: no errors", result.GetProperty("message").GetString());
            Assert.InRange(result.GetProperty("scrub").GetProperty("checkedBytes").GetInt64(), 3000000, 60_000_000);
            Assert.Contains("scrub: finished", init.Run("/pandora/dora disk scrub --status").Expect());

            // It is done to its end also for a client that goes at once.
            init.Run("rm /var/lib/btrfs/scrub.status.*").Expect();
            init.AskAndThen("/v1/storage/scrub", () => { });
            init.WaitFor("the end of a scrub that nobody follows", () => Curl(init, "http://x/v1/storage/scrub").Contains("\"finished\"", StringComparison.Ordinal));

            init.Run("sed -i 's/\"name\":\"[a-z0-9]*\"/\"name\":\"vdq\"/' /run/dora/storage/status.json").Expect();
            var gone = JsonDocument.Parse(Curl(init, "http://x/v1/storage")).RootElement;
            Assert.Equal("failed", gone.GetProperty("state").GetString());
            Assert.StartsWith("vdq (serial 7) is gone: what is on /data cannot be read or written any more", gone.GetProperty("reason").GetString());
            Assert.Contains("vdq (serial 7): missing, is gone", init.Run("/pandora/dora storage").Expect());
            // Whoever asks has it noticed.
            Assert.Contains("storage: ready -> failed: vdq (serial 7) is gone", init.Run("/pandora/dora events").Expect());
            init.Run("umount /data").Expect();
        }
        finally
        {
            File.Delete(disk);
        }
    }
}
