using System.Diagnostics;
using System.Net.Sockets;

namespace Dora.Boot.Tests.Harness;

/// <summary>
/// A machine in QEMU. It starts paused, the serial line and QMP are connected, then it runs: so nothing it writes is
/// missed. It never reboots or powers off by itself: either leaves it paused with the reason known
/// (<see cref="WaitForEnd"/>), and <see cref="CutPower"/> or <see cref="Dispose"/> take it away.
///
/// Every wait is bounded, says what it waited for and shows the end of the transcript. Dispose checks that no process
/// and no file of the machine is left. By aspect: Machine.Ssh.cs, Machine.Console.cs.
/// </summary>
public sealed partial class Machine : IDisposable
{
    /// <summary>From power-on to an ssh banner; three to four times what emulation needs on an idle pair of cores.</summary>
    public static readonly TimeSpan BootLimit = TimeSpan.FromSeconds(Hardware.IsVirtual ? 40 : 120);

    static readonly HashSet<Machine> s_running = [];

    readonly MachineOptions _options;
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-boot-").FullName;
    readonly Process _qemu;
    readonly Socket _serial;
    readonly Qmp _qmp;
    readonly Thread _reader;
    bool _disposed;

    static Machine() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        // A test run that is interrupted must not leave machines running.
        lock (s_running)
            foreach (var machine in s_running)
                machine.Kill();
    };

    Machine(MachineOptions options)
    {
        _options = options;
        try
        {
            _qemu = StartQemu();
            lock (s_running) s_running.Add(this);
            try
            {
                _serial = Sockets.ConnectUnix(Path.Combine(_folder, "serial"), TimeSpan.FromSeconds(20));
                _qmp = new Qmp(Path.Combine(_folder, "qmp"));
            }
            catch
            {
                Kill();
                throw;
            }
        }
        catch
        {
            Directory.Delete(_folder, recursive: true);
            throw;
        }
        _reader = new Thread(ReadSerial) { IsBackground = true, Name = "serial" };
        _reader.Start();
        _qmp.Execute("cont");
    }

    public static Machine Start(MachineOptions options) => new(options);

    public Transcript Transcript { get; } = new();
    public string Name => _options.Name;

    /// <summary>A folder of this machine on the host, gone with it.</summary>
    public string Folder => _folder;

    /// <summary>Waits until the serial line shows <paramref name="pattern"/>; ^ and $ are those of lines.</summary>
    public System.Text.RegularExpressions.Match WaitForLine(string pattern, TimeSpan limit, string? what = null, int from = 0) =>
        Transcript.WaitFor(pattern, limit, $"{Name}: {what ?? "a line"}", from);

    public void PressPowerButton() => _qmp.Execute("system_powerdown");

    public void PressCtrlAltDelete() => SendKeys("ctrl", "alt", "delete");

    /// <summary>Keys pressed together, by QEMU's names.</summary>
    public void SendKeys(params string[] keys) =>
        _qmp.Execute("send-key", new { keys = keys.Select(key => new { type = "qcode", data = key }).ToArray() });

    /// <summary>
    /// What the screen shows in text mode, read from the adapter's memory (32 kB of character and attribute from
    /// 0xb8000; the kernel scrolls by moving the start address, so all of it is taken).
    /// </summary>
    public string ScreenText()
    {
        string file = Path.Combine(_folder, "screen");
        _qmp.Execute("pmemsave", new { val = 0xb8000, size = 0x8000, filename = file });
        byte[] memory = File.ReadAllBytes(file);
        var text = new System.Text.StringBuilder();
        for (int cell = 0; cell < memory.Length / 2; cell++)
        {
            if (cell % 80 == 0) text.Append('\n');
            byte c = memory[cell * 2];
            text.Append(c is >= 32 and < 127 ? (char)c : ' ');
        }
        return text.ToString();
    }

    /// <summary>How many points of the screen are lit, in whatever mode it is, and how many there are.</summary>
    public (int Lit, int All) ScreenPoints()
    {
        string file = Path.Combine(_folder, "picture");
        _qmp.Execute("screendump", new { filename = file });
        // PPM: P6, width and height, 255, each on a line of its own, then three bytes a point.
        byte[] picture = File.ReadAllBytes(file);
        int start = 0;
        for (int line = 0; line < 3; line++) start = Array.IndexOf(picture, (byte)'\n', start) + 1;
        int all = (picture.Length - start) / 3, lit = 0;
        for (int point = 0; point < all; point++)
            if (picture[start + point * 3] + picture[start + point * 3 + 1] + picture[start + point * 3 + 2] > 128) lit++;
        return (lit, all);
    }

    /// <summary>
    /// Waits until the machine has ended and says how: guest-shutdown (power-off), guest-reset (reboot), guest-panic.
    /// </summary>
    public string WaitForEnd(TimeSpan limit, string what)
    {
        var e = _qmp.WaitForEvent("SHUTDOWN", limit, () => Transcript.FailOnPanic(what))
            ?? throw new MachineException($"{Name}: did not end within {limit.TotalSeconds} s ({what})", Transcript.Tail());
        return e.GetProperty("data").GetProperty("reason").GetString()!;
    }

    /// <summary>Whether it has powered off, been reset or died.</summary>
    bool HasEnded => _qemu.HasExited || _qmp.WaitForEvent("SHUTDOWN", TimeSpan.Zero) is not null;

    /// <summary>Power is gone, now: no chance to sync, as when the plug is pulled.</summary>
    public void CutPower()
    {
        Kill();
        Transcript.Close();
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        CloseSessions();
        Kill();
        lock (s_running) s_running.Remove(this);
        _serial.Dispose();
        _qmp.Dispose();
        _reader.Join(TimeSpan.FromSeconds(5));
        KeepTranscript();
        Directory.Delete(_folder, recursive: true);
        AssertNothingIsLeft();
        _qemu.Dispose();
    }

    void Kill()
    {
        try
        {
            _qemu.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
        _qemu.WaitForExit(TimeSpan.FromSeconds(10));
    }

    // The folder's random name is on the command line of everything that belongs to the machine.
    void AssertNothingIsLeft()
    {
        if (!_qemu.HasExited) throw new InvalidOperationException($"{Name}: QEMU (pid {_qemu.Id}) is still running");
        if (Directory.Exists(_folder)) throw new InvalidOperationException($"{_folder}: still there");
        string name = Path.GetFileName(_folder);
        for (int attempt = 0; ; attempt++)
        {
            var left = Directory.EnumerateDirectories("/proc").Where(process => CommandLine(process).Contains(name)).ToList();
            if (left.Count == 0) return;
            if (attempt == 50) throw new InvalidOperationException($"{Name}: left behind: {string.Join(", ", left.Select(CommandLine))}");
            Thread.Sleep(100); // a killed ssh client may still be a zombie of ours for a moment
        }

        static string CommandLine(string process)
        {
            try
            {
                return File.ReadAllText(Path.Combine(process, "cmdline")).Replace('\0', ' ');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return ""; // no process, or gone in between
            }
        }
    }

    void KeepTranscript()
    {
        string folder = Path.Combine(Artifacts.Out, "tests", "transcripts");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, Name + ".txt"), Transcript.Text);
    }

    void ReadSerial()
    {
        var buffer = new byte[8192];
        try
        {
            for (int count; (count = _serial.Receive(buffer)) > 0;) Transcript.Append(buffer.AsSpan(0, count));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // QEMU was killed.
        }
        Transcript.Close();
    }

    Process StartQemu()
    {
        for (int attempt = 1; ; attempt++)
        {
            SshPort = Sockets.FreePort();
            var process = Process.Start(new ProcessStartInfo("qemu-system-x86_64", Arguments()) { RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync();
            long start = Stopwatch.GetTimestamp();
            while (!process.HasExited && !File.Exists(Path.Combine(_folder, "qmp")) && Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20))
                Thread.Sleep(20);
            // The port may have been taken in between; all else that ends QEMU here is a mistake in its arguments.
            if (process.WaitForExit(100))
            {
                if (attempt < 5 && errors.Result.Contains("forwarding rule")) continue;
                throw new InvalidOperationException($"QEMU ended at once: {errors.Result}\n{string.Join(' ', Arguments())}");
            }
            return process;
        }
    }

    /// <summary>Takes a disk out while the machine runs; gone when the guest has let go of it.</summary>
    public void PullDisk(int index) => _qmp.Execute("device_del", new { id = $"disk{index}" });

    /// <summary>
    /// Plugs a disk in while the machine runs: one that was pulled (the same file, serial number and bus), or another one, whose index
    /// counts on from those that the machine began with.
    /// </summary>
    public void PlugDisk(int index, MachineDisk? disk = null)
    {
        string node = disk is null ? $"again{index}" : $"image{index}";
        disk ??= _options.Disks[index];
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                _qmp.Execute("blockdev-add", new Dictionary<string, object> { ["driver"] = "raw", ["node-name"] = node, ["file"] = new { driver = "file", filename = disk.File } });
                break;
            }
            catch (InvalidOperationException) when (attempt < 20)
            {
                Thread.Sleep(500); // QEMU has it open until the guest has let go of it
            }
        }
        var device = new Dictionary<string, object> { ["id"] = $"disk{index}", ["drive"] = node, ["serial"] = disk.Serial ?? $"disk{index}" };
        string[] words = Driver(disk.Bus, index).Split(',');
        device["driver"] = words[0];
        foreach (string word in words[1..].Concat(disk.Device?.Split(',') ?? []))
            device[word.Split('=')[0]] = word.Split('=')[1] is var value && value is "on" or "off" ? value == "on" : value;
        _qmp.Execute("device_add", device);
    }

    string Driver(DiskBus bus, int index) => bus switch
    {
        DiskBus.Scsi => "scsi-hd,bus=scsi.0",
        DiskBus.Ata when _options.IsGeneric => $"ide-hd,bus=ide.{index + 1}", // a SATA port has room for one; the CD drive is at 0
        DiskBus.Ata => "ide-hd",
        DiskBus.Nvme => "nvme",
        DiskBus.Usb => "usb-storage,bus=usb.0",
        _ => "virtio-blk-pci",
    };

    List<string> Arguments()
    {
        List<string> a =
        [
            "-name", Name, "-nodefaults", "-no-user-config", "-display", "none", "-vga", "std", "-S",
            "-m", _options.MemoryMb.ToString(), "-smp", "1", "-cpu", Hardware.IsVirtual ? "host" : "max",
            "-machine", _options.IsGeneric ? "q35" : "pc",
            "-accel", Hardware.IsVirtual ? "kvm" : "tcg,thread=multi,tb-size=128",
            "-action", "reboot=shutdown,shutdown=pause,panic=none",
            "-chardev", $"socket,id=serial,path={_folder}/serial,server=on,wait=off", "-serial", "chardev:serial",
            "-qmp", $"unix:{_folder}/qmp,server=on,wait=off",
        ];
        if (_options.Firmware == Firmware.Uefi)
        {
            // The variables are written to: each machine has its own.
            string variables = Path.Combine(_folder, "vars.fd");
            File.Copy(Hardware.OvmfVariables, variables, overwrite: true);
            a.AddRange(["-drive", $"if=pflash,unit=0,format=raw,readonly=on,file={Hardware.OvmfCode}"]);
            a.AddRange(["-drive", $"if=pflash,unit=1,format=raw,file={variables}"]);
        }
        if (_options.Iso is { } iso)
        {
            // On the IDE controller of the machine: the kernel `virt` has a driver for it, and none for AHCI, which q35 has.
            a.AddRange(["-drive", $"if=none,id=cd,media=cdrom,readonly=on,format=raw,file={iso}", "-device", _options.CommandLine is null ? "ide-cd,drive=cd,bootindex=0" : "ide-cd,drive=cd"]);
        }
        if (_options.CommandLine is { } line)
            a.AddRange(["-kernel", _options.IsGeneric ? GenericImage.Kernel : Artifacts.Kernel, "-initrd", _options.Initramfs ?? (_options.IsGeneric ? GenericImage.Initramfs : Artifacts.Initramfs), "-append", line]);
        if (_options.Disks.Any(disk => disk.Bus == DiskBus.Scsi)) a.AddRange(["-device", "virtio-scsi-pci,id=scsi"]);
        // Where there is USB, disks may be plugged in later.
        if (_options.IsGeneric || _options.Disks.Any(disk => disk.Bus == DiskBus.Usb)) a.AddRange(["-device", "qemu-xhci,id=usb"]);
        for (int i = 0; i < _options.Disks.Count; i++)
        {
            var disk = _options.Disks[i];
            // unsafe: the host's disk is not waited for. What the guest has written is the host's when QEMU is killed, flushed or not.
            a.AddRange(["-drive", $"if=none,id=image{i},format=raw,discard=unmap,cache=unsafe,file={disk.File}", "-device", $"{Driver(disk.Bus, i)},id=disk{i},drive=image{i},serial={disk.Serial ?? $"disk{i}"}{(disk.Device is { } more ? "," + more : "")}"]);
        }
        // restrict: the guest reaches QEMU's own DHCP server and nothing of the host's network.
        if (_options.Network)
        {
            string boot = _options.BootFile is { } file ? $",tftp={Path.GetDirectoryName(file)},bootfile={Path.GetFileName(file)}" : "";
            a.AddRange(["-netdev", $"user,id=net,restrict={(_options.ReachesHost ? "off" : "on")}{boot},hostfwd=tcp:127.0.0.1:{SshPort}-:22"]);
            // BIOS takes the boot program of the card (iPXE), UEFI has one of its own.
            a.AddRange(["-device", "virtio-net-pci,netdev=net" + (boot.Length > 0 ? ",bootindex=0" : "") + (boot.Length > 0 && _options.Firmware == Firmware.Bios ? "" : ",romfile=")]);
        }
        a.AddRange(_options.Qemu);
        return a;
    }
}
