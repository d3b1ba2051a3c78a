using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;
using Dora.Init.Manager.MachineInfo;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager.Metrics;

/// <summary>
/// <c>GET /v1/metrics</c>: the machine, its services and commands, and init itself. Figures are read when somebody asks, from files
/// that the kernel makes and that cannot block; nothing is kept in between.
/// </summary>
internal sealed class MachineMetrics(Supervisor supervisor, Func<VersionInfo> version, Func<long> lastEvent)
{
    public string Text()
    {
        var text = new MetricsText();
        WriteMachine(text);
        WriteServices(text);
        WriteCommands(text);
        WriteInit(text);
        return text.ToString();
    }

    private void WriteMachine(MetricsText text)
    {
        var versions = version();
        text.Metric("pandora_info", "gauge", "Versions, as labels.")
            .Sample(1, ("version", versions.Version), ("kernel", versions.Kernel), ("machine", versions.Machine), ("hostname", versions.Hostname));
        text.Metric("pandora_uptime_seconds", "gauge", "Time since boot, with the time that the machine slept.").Thousandths((long)EventLoop.Now.TotalMilliseconds);
        WriteProcessors(text, CpuReader.Parse("", SystemText.Table("/proc/stat"), SystemText.Table("/proc/loadavg")));
        WriteMemory(text, MemoryReader.Read(""));
        WriteTraffic(text, SystemText.Table("/proc/net/dev"));
        WriteDisks(text, SystemText.Table("/proc/diskstats"));
    }

    internal static void WriteProcessors(MetricsText text, CpuInfo cpu)
    {
        text.Metric("pandora_cpu_seconds_total", "counter", "Time of all processors together, by what they did.");
        if (cpu.Total is { } total)
            text.Thousandths(total.UserMs, ("mode", "user")).Thousandths(total.NiceMs, ("mode", "nice"))
                .Thousandths(total.SystemMs, ("mode", "system")).Thousandths(total.IdleMs, ("mode", "idle"))
                .Thousandths(total.IoWaitMs, ("mode", "iowait")).Thousandths(total.IrqMs, ("mode", "irq"))
                .Thousandths(total.SoftIrqMs, ("mode", "softirq")).Thousandths(total.StealMs, ("mode", "steal"));
        text.Metric("pandora_cpus", "gauge", "Processors that are on.").Sample(cpu.Count);
        text.Metric("pandora_load1", "gauge", "Load average of a minute.");
        if (cpu.Load1 is { } load) text.Thousandths((long)(load * 100 + 0.5) * 10);
    }

    private static void WriteMemory(MetricsText text, MemoryInfo memory)
    {
        text.Metric("pandora_memory_total_bytes", "gauge", "Memory that the kernel manages.").Sample(memory.TotalBytes);
        text.Metric("pandora_memory_available_bytes", "gauge", "Memory that programs can have without swapping.").Sample(memory.AvailableBytes);
        text.Metric("pandora_memory_in_use_bytes", "gauge", "Memory that is neither free nor could be at once (docs/image.md).").Sample(memory.InUseBytes);
        text.Metric("pandora_swap_total_bytes", "gauge", "Swap space.").Sample(memory.SwapTotalBytes);
        text.Metric("pandora_swap_free_bytes", "gauge", "Swap space that is free.").Sample(memory.SwapFreeBytes);
    }

    /// <param name="text">Where to.</param>
    /// <param name="table">/proc/net/dev: bytes received are the first number behind the name, bytes sent the ninth.</param>
    internal static void WriteTraffic(MetricsText text, string table)
    {
        text.Metric("pandora_network_receive_bytes_total", "counter", "Bytes received.");
        Each(0);
        text.Metric("pandora_network_transmit_bytes_total", "counter", "Bytes sent.");
        Each(8);

        void Each(int column)
        {
            foreach (var line in table.AsSpan().EnumerateLines())
            {
                int colon = line.LastIndexOf(": "); // an alias may have a colon of its own
                if (colon < 0) colon = line.LastIndexOf(':');
                if (colon < 0) continue;
                var rest = line[(colon + 1)..];
                for (int i = 0; i < column; i++) SystemText.NextNumber(ref rest);
                text.Sample(SystemText.NextNumber(ref rest), ("device", line[..colon].Trim().ToString()));
            }
        }
    }

    /// <param name="text">Where to.</param>
    /// <param name="table">/proc/diskstats (Documentation/admin-guide/iostats.rst): sectors of 512 bytes read and written are columns 6 and 10.</param>
    internal static void WriteDisks(MetricsText text, string table)
    {
        text.Metric("pandora_disk_read_bytes_total", "counter", "Bytes read from disks and partitions that were ever used.");
        Each(2);
        text.Metric("pandora_disk_written_bytes_total", "counter", "Bytes written to disks and partitions that were ever used.");
        Each(6);

        void Each(int column)
        {
            foreach (var line in table.AsSpan().EnumerateLines())
            {
                var rest = line;
                SystemText.NextWord(ref rest);
                SystemText.NextWord(ref rest);
                var name = SystemText.NextWord(ref rest);
                if (name.IsEmpty || SystemText.NextNumber(ref rest) == 0) continue;
                for (int i = 1; i < column; i++) SystemText.NextNumber(ref rest);
                text.Sample(SystemText.NextNumber(ref rest) * 512, ("device", name.ToString()));
            }
        }
    }

    private void WriteServices(MetricsText text)
    {
        var services = new List<(Service Service, CgroupUsage Usage)>();
        foreach (var service in supervisor.Services)
            if (service is { TransientText: null, IsSession: false }) services.Add((service, CgroupUsage.Read(service.Cgroup.Path)));

        text.Metric("pandora_service_state", "gauge", "1 for the state that a service is in.");
        foreach (var (service, _) in services) text.Sample(1, ("service", service.Name), ("state", MachineReports.StateName(service)));
        text.Metric("pandora_service_failed", "gauge", "1 where a service has failed, 0 where not.");
        foreach (var (service, _) in services) text.Sample(service.State.Phase is ServicePhase.Failed or ServicePhase.Backoff ? 1 : 0, ("service", service.Name));
        text.Metric("pandora_service_restarts_total", "counter", "Restarts since a service was last started by boot or by an operator.");
        foreach (var (service, _) in services) text.Sample(service.State.Restarts, ("service", service.Name));
        text.Metric("pandora_service_connections", "gauge", "Connections that are served, each by a process.");
        foreach (var (service, _) in services)
            if (service.Connections is not null) text.Sample(service.Sessions, ("service", service.Name));

        Usage("pandora_service_memory_bytes", "gauge", "Memory of a service: of its processes, page cache and kernel memory on their account.", usage => usage.MemoryBytes);
        Usage("pandora_service_tasks", "gauge", "Processes and threads of a service.", usage => usage.Tasks);
        Usage("pandora_service_io_read_bytes_total", "counter", "Bytes that a service has read from disks in this run.", usage => usage.IoReadBytes);
        Usage("pandora_service_io_written_bytes_total", "counter", "Bytes that a service has written to disks in this run.", usage => usage.IoWriteBytes);
        text.Metric("pandora_service_cpu_seconds_total", "counter", "Time on processors of a service in this run.");
        foreach (var (service, usage) in services)
            if (usage.CpuMs is { } ms) text.Thousandths(ms, ("service", service.Name));

        void Usage(string name, string type, string help, Func<CgroupUsage, long?> figure)
        {
            text.Metric(name, type, help);
            foreach (var (service, usage) in services)
                if (figure(usage) is { } value) text.Sample(value, ("service", service.Name));
        }
    }

    /// <summary>Commands that are run once, for as long as they are listed.</summary>
    private void WriteCommands(MetricsText text)
    {
        text.Metric("pandora_job_running", "gauge", "1 while a command that is run once is at work, 0 when it has ended.");
        foreach (var service in supervisor.Services)
            if (service.TransientText is not null) text.Sample(Supervisor.IsOver(service) ? 0 : 1, ("job", service.Name));
        text.Metric("pandora_job_success", "gauge", "1 where a command has ended with success, 0 where not.");
        foreach (var service in supervisor.Services)
            if (service.TransientText is not null && Supervisor.IsOver(service)) text.Sample(service.State.Phase is ServicePhase.Done ? 1 : 0, ("job", service.Name));
    }

    private void WriteInit(MetricsText text)
    {
        text.Metric("pandora_events_total", "counter", "Events since boot (GET /v1/events).").Sample(lastEvent());
        text.Metric("pandora_init_resident_memory_bytes", "gauge", "Resident memory of init's processes, shared pages counted in each.")
            .Sample(Resident(1), ("role", "guard")).Sample(Resident(Sys.ProcessId), ("role", "manager"));
    }

    private static long Resident(int pid)
    {
        var statm = SystemText.Table($"/proc/{pid}/statm").AsSpan();
        SystemText.NextWord(ref statm);
        return SystemText.NextNumber(ref statm) * 4096;
    }
}
