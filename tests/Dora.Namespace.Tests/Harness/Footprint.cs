using System.Buffers.Binary;

namespace Dora.Namespace.Tests.Harness;

/// <summary>What one process of init takes, in kB where it is memory (smaps_rollup).</summary>
sealed record ProcessFootprint(int Pid, int RssKb, int PssKb, int AnonymousKb, int Descriptors, int Threads)
{
    public static ProcessFootprint Of(int pid)
    {
        var memory = File.ReadLines($"/proc/{pid}/smaps_rollup").ToList();
        return new(pid, Field("Rss:"), Field("Pss:"), Field("Anonymous:"),
            Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length, Directory.GetDirectories($"/proc/{pid}/task").Length);

        int Field(string name) => int.Parse(memory.First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    public override string ToString() => $"Rss {RssKb} Pss {PssKb} anonymous {AnonymousKb} kB, {Descriptors} descriptors, {Threads} threads";
}

/// <summary>What init takes as a whole: to be compared with what it takes later, in the same state of its services.</summary>
sealed record Footprint(ProcessFootprint Guard, ProcessFootprint Manager, ProcessFootprint Syslog, int Cgroups, int Children, int Zombies, int StateBytes)
{
    /// <summary>Of an init that has a service <c>syslog</c>.</summary>
    public static Footprint Of(InitInNamespace init)
    {
        var children = init.Children();
        return new(ProcessFootprint.Of(init.Pid), ProcessFootprint.Of(init.ManagerPid()), ProcessFootprint.Of(init.ProcessesIn("dora/services/syslog").Single()),
            init.Cgroups().Count, children.Count, children.Count(IsZombie), SavedBytes(init));
    }

    public IEnumerable<(string Name, ProcessFootprint Process)> Processes => [("guard", Guard), ("manager", Manager), ("syslog", Syslog)];

    public override string ToString() =>
        string.Join("\n", Processes.Select(pair => $"  {pair.Name,-8}{pair.Process}")) + $"\n  {Cgroups} cgroups, {Children} children, {Zombies} zombies, state of {StateBytes} bytes";

    static bool IsZombie(int pid) => File.Exists($"/proc/{pid}/status") && File.ReadAllText($"/proc/{pid}/status").Contains("State:\tZ");

    /// <summary>The length of the state that the guard keeps for the next manager, as its head says (StateFile).</summary>
    static int SavedBytes(InitInNamespace init)
    {
        using var state = new FileStream($"/proc/{init.Pid}/fd/{Harness.Processes.DescriptorTo(init.Pid, "/memfd:pandora-state")}", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        Span<byte> head = stackalloc byte[16];
        state.ReadExactly(head);
        return BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
    }
}
