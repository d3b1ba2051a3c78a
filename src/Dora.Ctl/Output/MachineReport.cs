using System.Globalization;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;

namespace Dora.Ctl.Output;

/// <summary>What the machine is made of, on the screen.</summary>
internal static class MachineReport
{
    public static void WriteOverview(Screen screen, OsInfo os, CpuInfo cpu, MemoryInfo memory, IReadOnlyList<DiskInfo> disks, IReadOnlyList<NicInfo> nics, DmiInfo dmi)
    {
        screen.WriteLine(screen.Foreign(os.Hostname));
        string hardware = string.Join(' ', ((string?[])[dmi.SystemVendor, dmi.ProductName]).Where(text => text is not null));
        if (hardware.Length > 0) Line(screen, "hardware", hardware);
        Line(screen, "system", $"{os.DistributionName ?? "Linux"}, kernel {os.Kernel}, {os.Machine}, init {os.InitVersion}");
        Line(screen, "up for", Words.Duration(TimeSpan.FromMilliseconds(os.UptimeMs)));
        Line(screen, "cpu", $"{cpu.Count} x {cpu.Model ?? "unknown"}, load {Load(cpu)}");
        Line(screen, "memory", $"{Words.Bytes(memory.InUseBytes)} of {Words.Bytes(memory.TotalBytes)} in use, {Words.Bytes(memory.AvailableBytes)} available"
            + (memory.SwapTotalBytes > 0 ? $", swap {Words.Bytes(memory.SwapTotalBytes - memory.SwapFreeBytes)} of {Words.Bytes(memory.SwapTotalBytes)}" : ""));
        foreach (var disk in disks)
        {
            Line(screen, "disk", $"{disk.Name}, {Words.Bytes(disk.SizeBytes)}{Suffix(disk.Model)}{Suffix(disk.Transport)}");
            foreach (var mount in disk.Mounts) Line(screen, "", Mounted(mount), ToneOf(mount));
            foreach (var partition in disk.Partitions)
                foreach (var mount in partition.Mounts) Line(screen, "", $"{partition.Name}: {Mounted(mount)}", ToneOf(mount));
        }
        foreach (var nic in nics)
        {
            if (nic.Type == "loopback") continue;
            Line(screen, "network", $"{nic.Name}, {nic.OperState}{(nic.SpeedMbit is { } speed ? $", {speed} Mbit/s" : "")}{Suffix(nic.Mac)}{Suffix(Addresses(nic))}");
        }
    }

    public static void WriteCpu(Screen screen, CpuInfo cpu)
    {
        screen.WriteLine(screen.Foreign(cpu.Model ?? "unknown processor"));
        if (cpu.Vendor is { } vendor) Line(screen, "vendor", vendor);
        Line(screen, "cpus", cpu.Count + (cpu.Cores is { } cores ? $", on {cores} core{(cores == 1 ? "" : "s")}" : "") + (cpu.Sockets is { } sockets ? $" in {sockets} socket{(sockets == 1 ? "" : "s")}" : ""));
        Line(screen, "load", Load(cpu));
        if (cpu is { Running: { } running, Tasks: { } tasks }) Line(screen, "tasks", $"{tasks}, {running} running");
        screen.WriteLine();
        var table = new Table("CPU", "MHZ", "USER", "SYSTEM", "WAIT", "STOLEN", "IDLE") { AlignRight = [1, 2, 3, 4, 5, 6] };
        if (cpu.Total is { } total) Add("all", total);
        foreach (var one in cpu.Cpus) Add(one.Id?.ToString(CultureInfo.InvariantCulture) ?? "", one);
        table.Write(screen);
        screen.WriteLine(screen.Paint(Tone.Faint, "shares of the time since boot"));

        void Add(string name, CpuTimes times)
        {
            long busy = times.UserMs + times.NiceMs, system = times.SystemMs + times.IrqMs + times.SoftIrqMs;
            long all = busy + system + times.IoWaitMs + times.StealMs + times.IdleMs;
            table.Add(Plain(name), Plain(times.Mhz?.ToString(CultureInfo.InvariantCulture) ?? "-"), Plain(Words.Percent(busy, all)), Plain(Words.Percent(system, all)),
                Plain(Words.Percent(times.IoWaitMs, all)), Plain(Words.Percent(times.StealMs, all)), Plain(Words.Percent(times.IdleMs, all)));
        }
    }

    public static void WriteMemory(Screen screen, MemoryInfo memory)
    {
        var table = new Table("MEMORY", "SIZE", "SHARE", "WHAT") { AlignRight = [1, 2] };
        void Add(string name, long bytes, string what) =>
            table.Add(Plain(name), Plain(Words.Bytes(bytes)), Plain(Words.Percent(bytes, memory.TotalBytes)), (what, Tone.Faint));
        Add("total", memory.TotalBytes, "");
        Add("in use", memory.InUseBytes, "by programs and the kernel");
        Add("available", memory.AvailableBytes, "to programs, without swapping");
        Add("free", memory.FreeBytes, "in use for nothing at all");
        Add("cached", memory.CachedBytes, "contents of files");
        Add("buffers", memory.BuffersBytes, "blocks of disks");
        Add("shared", memory.SharedBytes, "tmpfs and shared memory, part of cached");
        Add("anonymous", memory.AnonymousBytes, "memory of programs that is no file's");
        Add("kernel", memory.SlabBytes + memory.KernelStackBytes + memory.PageTablesBytes, $"of which {Words.Bytes(memory.SlabReclaimableBytes)} can be dropped");
        Add("dirty", memory.DirtyBytes + memory.WritebackBytes, "to be written to disks");
        if (memory.SwapTotalBytes > 0) Add("swap", memory.SwapTotalBytes - memory.SwapFreeBytes, $"of {Words.Bytes(memory.SwapTotalBytes)}");
        table.Write(screen);
    }

    public static void WriteDisks(Screen screen, IReadOnlyList<DiskInfo> disks)
    {
        var table = new Table("DISK", "SIZE", "READ", "WRITTEN", "MOUNTED", "WHAT") { AlignRight = [1, 2, 3] };
        foreach (var disk in disks)
        {
            string[] traits = [.. ((string?[])
            [
                disk.Model, disk.Vendor, disk.Serial, disk.Transport, disk.BackingFile, disk.Rotational ? "rotational" : null, disk.Removable ? "removable" : null, disk.ReadOnly ? "read-only" : null,
                disk.Holders.Count > 0 ? $"part of {string.Join(", ", disk.Holders)}" : null,
            ]).Where(text => text is not null)!];
            Add(disk.Name, disk.SizeBytes, disk.Io, disk.Mounts, string.Join(", ", traits));
            foreach (var partition in disk.Partitions)
                Add("  " + partition.Name, partition.SizeBytes, partition.Io, partition.Mounts,
                    string.Join(", ", ((string?[])[partition.Label, partition.Holders.Count > 0 ? $"part of {string.Join(", ", partition.Holders)}" : null]).Where(text => text is not null)));
        }
        table.Write(screen);
        if (disks.Count == 0) screen.WriteLine("no disks");

        void Add(string name, long size, DiskIo? io, IReadOnlyList<MountInfo> mounts, string what)
        {
            table.Add(Plain(screen.Foreign(name)), Plain(Words.Bytes(size)), Plain(io is null ? "-" : Words.Bytes(io.ReadBytes)), Plain(io is null ? "-" : Words.Bytes(io.WriteBytes)),
                mounts.Count > 0 ? (screen.Foreign(Mounted(mounts[0])), ToneOf(mounts[0])) : Plain("-"), (screen.Foreign(what), Tone.Faint));
            for (int i = 1; i < mounts.Count; i++) table.Add(Plain(""), Plain(""), Plain(""), Plain(""), (screen.Foreign(Mounted(mounts[i])), ToneOf(mounts[i])));
        }
    }

    public static void WriteNics(Screen screen, IReadOnlyList<NicInfo> nics)
    {
        var table = new Table("NIC", "STATE", "TYPE", "MAC", "MTU", "SPEED", "RECEIVED", "SENT", "ADDRESSES") { AlignRight = [4, 5, 6, 7] };
        foreach (var nic in nics)
        {
            var tone = nic.OperState == "up" ? Tone.Good : nic.OperState == "unknown" ? Tone.Plain : Tone.Busy;
            string type = nic.Driver is { } driver ? $"{nic.Type} ({driver})" : nic.Type;
            table.Add(Plain(screen.Foreign(nic.Name)), (screen.Foreign(nic.OperState), tone), Plain(screen.Foreign(type)), Plain(screen.Foreign(nic.Mac ?? "-")),
                Plain(nic.MtuBytes.ToString(CultureInfo.InvariantCulture)), Plain(nic.SpeedMbit is { } speed ? $"{speed} Mbit/s" : "-"), Plain(Words.Bytes(nic.ReceivedBytes)), Plain(Words.Bytes(nic.SentBytes)),
                Plain(screen.Foreign(Addresses(nic) ?? "-")));
        }
        table.Write(screen);
        foreach (var nic in nics)
            if (nic.ReceiveErrors + nic.ReceiveDropped + nic.SendErrors + nic.SendDropped > 0)
                screen.WriteLine(screen.Foreign($"{nic.Name}: received with errors {nic.ReceiveErrors}, dropped {nic.ReceiveDropped}; sent with errors {nic.SendErrors}, dropped {nic.SendDropped}"));
    }

    public static void WriteOs(Screen screen, OsInfo os)
    {
        screen.WriteLine(screen.Foreign(os.Hostname));
        if (os.DistributionName is { } distribution) Line(screen, "system", distribution);
        Line(screen, "kernel", $"{os.Kernel} {os.KernelVersion}");
        Line(screen, "machine", os.Machine);
        Line(screen, "init", os.InitVersion);
        Line(screen, "up for", $"{Words.Duration(TimeSpan.FromMilliseconds(os.UptimeMs))} (since {Words.Time(os.BootedAt)})");
        if (os.BootId is { } id) Line(screen, "boot id", id);
        if (os.CommandLine is { } commandLine) Line(screen, "parameters", commandLine);
    }

    public static void WritePorts(Screen screen, IReadOnlyList<PortInfo> ports)
    {
        var table = new Table("PROTOCOL", "ADDRESS", "SERVICE", "PID", "PROGRAM") { AlignRight = [3] };
        foreach (var port in ports)
        {
            string address = port.Path ?? (port.Address?.Contains(':') == true ? $"[{port.Address}]:{port.Port}" : $"{port.Address}:{port.Port}");
            table.Add(Plain(screen.Foreign(port.Kind is { } kind and not "stream" ? $"{port.Protocol} {kind}" : port.Protocol)), Plain(screen.Foreign(address)), Plain(screen.Foreign(port.Service ?? "-")),
                Plain(port.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-"), Plain(screen.Foreign(port.Program ?? "-")));
        }
        table.Write(screen);
    }

    public static void WriteDmi(Screen screen, DmiInfo dmi)
    {
        bool any = false;
        foreach (var (name, value) in ((string, string?)[])
        [
            ("vendor", dmi.SystemVendor), ("product", dmi.ProductName), ("version", dmi.ProductVersion), ("sku", dmi.ProductSku), ("family", dmi.ProductFamily), ("serial", dmi.ProductSerial), ("uuid", dmi.ProductUuid),
            ("board", Joined(dmi.BoardVendor, dmi.BoardName, dmi.BoardVersion)), ("board serial", dmi.BoardSerial), ("board tag", dmi.BoardAssetTag),
            ("chassis", Joined(dmi.ChassisVendor, dmi.ChassisType is { } type ? $"type {type}" : null, dmi.ChassisVersion)), ("case serial", dmi.ChassisSerial), ("case tag", dmi.ChassisAssetTag),
            ("firmware", Joined(dmi.BiosVendor, dmi.BiosVersion, dmi.BiosDate)),
        ])
        {
            if (value is null) continue;
            Line(screen, name, value);
            any = true;
        }
        if (!any) screen.WriteLine("the firmware says nothing");
    }

    public static void WriteProcesses(Screen screen, IReadOnlyList<ProcessInfo> processes, TimeSpan now)
    {
        var table = new Table("PID", "USER", "STATE", "SINCE", "CPU", "MEMORY", "SERVICE", "COMMAND") { AlignRight = [0, 1, 4, 5] };
        foreach (var process in processes)
        {
            var tone = process.State is "zombie" or "blocked" ? Tone.Bad : process.State is "stopped" or "traced" ? Tone.Busy : Tone.Plain;
            table.Add(Plain(process.Pid.ToString(CultureInfo.InvariantCulture)), Plain(process.Uid.ToString(CultureInfo.InvariantCulture)), (screen.Foreign(process.State), tone),
                Plain(process.StartedAt is { } at ? Words.Ago(at, now) : "-"), Plain($"{Words.Seconds(process.CpuMs)} s"), Plain(process.Kernel == true ? "-" : Words.Bytes(process.RssBytes)),
                Plain(screen.Foreign(process.Service ?? "-")), Plain(CommandOf(screen, process)));
        }
        table.Write(screen);
        screen.WriteLine();
        screen.WriteLine(processes.Count == 1 ? "1 process" : $"{processes.Count} processes");
    }

    public static void WriteProcess(Screen screen, ProcessInfo process, TimeSpan now)
    {
        screen.WriteLine(screen.Foreign($"{process.Pid} {process.Name}"));
        Line(screen, "state", process.State + (process.StartedAt is { } at ? $", started {Words.Ago(at, now)} ago ({Words.Time(at.Wall)})" : ""));
        if (process.Service is { } service) Line(screen, "service", service);
        Line(screen, "parent", process.ParentPid.ToString(CultureInfo.InvariantCulture));
        Line(screen, "user", process.Uid.ToString(CultureInfo.InvariantCulture));
        if (process.Command.Count > 0) Line(screen, "command", string.Join(' ', process.Command));
        if (process.Executable is { } executable) Line(screen, "program", executable);
        if (process.Directory is { } directory) Line(screen, "directory", directory);
        if (process.Cgroup is { } cgroup) Line(screen, "cgroup", cgroup);
        Line(screen, "cpu", $"{Words.Seconds(process.CpuMs)} s, nice {process.Nice}");
        Line(screen, "memory", $"{Words.Bytes(process.RssBytes)} in RAM, {Words.Bytes(process.VirtualBytes)} mapped{(process.SwapBytes > 0 ? $", {Words.Bytes(process.SwapBytes.Value)} in swap" : "")}");
        Line(screen, "threads", process.Threads.ToString(CultureInfo.InvariantCulture));
        if (process.OpenFiles is { } files) Line(screen, "open files", files.ToString(CultureInfo.InvariantCulture));
        if (process.Limits is not { Count: > 0 } limits) return;
        screen.WriteLine();
        var table = new Table("LIMIT", "SOFT", "HARD", "UNIT") { AlignRight = [1, 2] };
        foreach (var limit in limits)
            table.Add(Plain(screen.Foreign(limit.Name)), Plain(limit.Soft?.ToString(CultureInfo.InvariantCulture) ?? "none"), Plain(limit.Hard?.ToString(CultureInfo.InvariantCulture) ?? "none"), (screen.Foreign(limit.Unit ?? ""), Tone.Faint));
        table.Write(screen);
    }

    /// <summary>Program and arguments; the name in brackets where there are none.</summary>
    public static string CommandOf(Screen screen, ProcessInfo process) =>
        screen.Foreign(process.Command.Count > 0 ? string.Join(' ', process.Command).ReplaceLineEndings(" ") : $"[{process.Name}]");

    private static string Load(CpuInfo cpu) => string.Join(' ', ((double?[])[cpu.Load1, cpu.Load5, cpu.Load15]).Select(load => load?.ToString("0.00", CultureInfo.InvariantCulture) ?? "-"));

    private static string? Addresses(NicInfo nic) => nic.Addresses.Count == 0 ? null : string.Join(' ', nic.Addresses.Select(address => $"{address.Address}/{address.PrefixLength}"));

    private static string Mounted(MountInfo mount)
    {
        string used = mount is { SizeBytes: > 0 and { } size, FreeBytes: { } free } ? $", {Words.Percent(size - free, size - free + Available(mount))} used" : "";
        string rest = IsReadOnly(mount) ? ", read-only" : used.Length > 0 ? $", {Words.Bytes(Available(mount))} available" : "";
        return $"{mount.Path} ({mount.FileSystem}{used}{rest})";
    }

    /// <summary>Without what is kept for root, as df has it.</summary>
    private static long Available(MountInfo mount) => mount.AvailableBytes ?? mount.FreeBytes ?? 0;

    private static bool IsReadOnly(MountInfo mount) => mount.Options.Split(',').Contains("ro");

    /// <summary>An image that is read only is always full, and no trouble.</summary>
    private static Tone ToneOf(MountInfo mount) =>
        mount is { SizeBytes: > 0 and { } size, FreeBytes: { } free } && !IsReadOnly(mount) && Words.ToneOf(size - free, size - free + Available(mount)) is Tone.Bad ? Tone.Bad : Tone.Plain;

    private static string? Joined(params string?[] texts)
    {
        string text = string.Join(' ', texts.Where(part => part is not null));
        return text.Length > 0 ? text : null;
    }

    private static string Suffix(string? text) => text is null ? "" : ", " + text;

    private static (string, Tone) Plain(string text) => (text, Tone.Plain);

    private static void Line(Screen screen, string name, string value, Tone tone = Tone.Plain) => screen.WriteLine($"  {name,-13}{screen.Paint(tone, screen.Foreign(value))}");
}
