using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;
using Dora.Tests.Harness;

namespace Dora.Boot.Tests.Storage;

/// <summary>
/// "Never touched", with machines: every disk of somebody else that the decision is tested with (tests/Shared/DiskImages.cs) is
/// in a machine that looks for a disk to claim, and is the same afterwards, byte for byte.
/// </summary>
public partial class ForeignDisksTests
{
    [Fact]
    public void A_machine_that_is_full_of_other_peoples_disks_touches_none()
    {
        using var files = new DiskFiles();
        var images = DiskImages.All.ToList();
        var paths = new List<string>();
        foreach (var image in images)
        {
            // QEMU takes a comma in a name for the end of it.
            paths.Add(files[$"image{paths.Count}"]);
            File.Move(image.Create(files.Folder), paths[^1]);
        }
        var before = paths.ConvertAll(Hash);
        using (var machine = Machine.Start(new MachineOptions
        {
            Name = "foreign-disks", Iso = Artifacts.Iso, CommandLine = Artifacts.CommandLine + " pandora.storage_timeout=300",
            Disks = [.. paths.Select((path, i) => new MachineDisk(path, DiskBus.Scsi, $"image{i}"))],
        }))
        {
            machine.WaitForSsh(Machine.BootLimit + TimeSpan.FromMinutes(3));
            var storage = machine.Storage();
            Assert.True(storage is { State: "memory", Reason: "no disk is empty" }, storage.ToString());
            string log = machine.SshOutput("dora log -n 2000 | grep -F 'storage: sd'");
            for (int i = 0; i < images.Count; i++)
            {
                var line = Regex.Match(log, $@"storage: sd\w+ \(.*serial image{i}, 512 MiB\): (foreign|unsure): (.*)");
                Assert.True(line.Success && line.Groups[2].Value.Contains(images[i].Words), $"{images[i].Name} (image{i}): {line}\n{log}");
            }
            machine.PowerOff();
        }
        for (int i = 0; i < images.Count; i++) Assert.True(before[i] == Hash(paths[i]), $"{images[i].Name}: written to");
    }

    /// <summary>Of all that is not zero, and where it lies. Holes are not read: there are 50 GB of them.</summary>
    static string Hash(string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var file = File.OpenHandle(path);
        long length = RandomAccess.GetLength(file);
        var buffer = new byte[64 << 10];
        int descriptor = (int)file.DangerousGetHandle();
        // Where data begins and ends is the host's affair, and changes when it writes its cache back: whole pieces are taken.
        for (long start = 0, end; (start = lseek(descriptor, start, SeekData)) >= 0; start = end)
        {
            end = lseek(descriptor, start, SeekHole);
            end = Math.Min((end + buffer.Length - 1) / buffer.Length * buffer.Length, length);
            for (long at = start / buffer.Length * buffer.Length; at < end; at += buffer.Length)
            {
                int count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - at)), at);
                if (buffer.AsSpan(0, count).IndexOfAnyExcept((byte)0) < 0) continue;
                hash.AppendData(BitConverter.GetBytes(at));
                hash.AppendData(buffer, 0, count);
            }
        }
        hash.AppendData(BitConverter.GetBytes(length));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    const int SeekData = 3, SeekHole = 4;

    [LibraryImport("libc", SetLastError = true)]
    private static partial long lseek(int fd, long offset, int whence);
}
