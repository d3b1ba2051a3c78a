using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;
using Dora.Init.Manager.Devices;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The network before there are services, for storage that lies in it: the drivers of network cards, and one lease on
/// one wired interface. The client of each interface ends with its lease and leaves the address; the services of DHCP
/// that come later ask again and take it over (image/rootfs/etc/udhcpc/default.script keeps the address of a client
/// that is gone until there is another).
/// </summary>
internal static class EarlyNetwork
{
    // Clients end with us: we may be killed at a deadline.
    private static readonly TimeSpan s_lookAgain = TimeSpan.FromMilliseconds(100);

    /// <summary>Null when an interface has an address; else why not, within the limit.</summary>
    public static string? BringUp(KernelCommandLine commandLine, TimeSpan limit)
    {
        var deadline = Sys.TimeSinceBoot() + limit;
        // Lost requests are asked again until the deadline: a switch may take its time before it lets anything through.
        var clients = new List<Client>();
        string? last = null;
        _ = ColdPlug.Run(new ModuleLoader(ModuleDirectory.OfThisKernel(), commandLine));
        string? up = null;
        while (up is null)
        {
            foreach (string name in NetworkInterfaces.Wired())
                if (!IsThere(clients, name)) clients.Add(Start(name, ref last));
            var now = Sys.TimeSinceBoot();
            if (now >= deadline) break;
            _ = Sys.WaitForSignals([Libc.SIGCHLD], deadline - now < s_lookAgain ? deadline - now : s_lookAgain);
            foreach (var client in clients)
            {
                if (up is not null || client.Pid == 0 || !Reaper.TryReap(client.Pid, out var exit)) continue;
                client.Pid = 0;
                if (exit is { Code: Libc.CLD_EXITED, Status: 0 }) up = client.Interface;
                else last = $"{client.Interface}: the DHCP client has ended ({exit.Status})";
            }
        }
        // Those on the other interfaces: their turn comes with the services.
        foreach (var client in clients)
        {
            if (client.Pid == 0) continue;
            _ = Sys.Kill(client.Pid, Libc.SIGKILL);
            while (!Reaper.TryReap(client.Pid, out _) && Sys.WaitForSignals([Libc.SIGCHLD], TimeSpan.FromSeconds(1)) != 0) { }
        }
        if (up is not null) return null;
        return clients.Count == 0 ? $"there is no wired network interface after {limit.TotalSeconds:0} s"
            : last ?? $"no lease by DHCP on {clients[0].Interface}{(clients.Count > 1 ? " and others" : "")} within {limit.TotalSeconds:0} s";
    }

    private static bool IsThere(List<Client> clients, string name)
    {
        foreach (var client in clients)
            if (client.Interface == name) return true;
        return false;
    }

    private static Client Start(string name, ref string? last)
    {
        _ = Sys.SetInterfaceUp(name);
        // -q: it ends with the lease. Without -n it goes on asking; the deadline above ends it.
        string[] command = ["udhcpc", "-q", "-f", "-S", "-i", name, "-s", "/etc/udhcpc/default.script", "-t", "5", "-T", "1", "-A", "1"];
        Sys.Open("/dev/null", Libc.O_RDWR, 0, out var nothing).ThrowIfError("open", "/dev/null");
        using var ours = nothing;
        Sys.Duplicate(nothing, out var quiet, LaunchPlanBuilder.SourceFloor).ThrowIfError("dup");
        using var streams = quiet;
        var launched = Launcher.Launch(new LaunchPlanBuilder("udhcpc", command, "/sbin/udhcpc").StandardStreams(quiet, quiet, quiet)
            .Step("end with us", SystemCall.prctl, Libc.PR_SET_PDEATHSIG, Libc.SIGKILL).Build(asSibling: false));
        if (!launched.Succeeded) last = launched.Failure;
        return new Client(name) { Pid = launched.Succeeded ? launched.Pid : 0 };
    }

    /// <summary>A client of DHCP; pid 0: it has ended.</summary>
    private sealed class Client(string name)
    {
        public string Interface => name;
        public int Pid { get; set; }
    }
}
