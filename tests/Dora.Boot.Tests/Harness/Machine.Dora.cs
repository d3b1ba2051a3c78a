using System.Text.Json;

namespace Dora.Boot.Tests.Harness;

/// <summary>A service as `dora service list --json` tells it.</summary>
public sealed record ServiceLine(string Name, string State, int? Pid, string? StartedAt, int Restarts, string? Reason)
{
    internal static ServiceLine From(JsonElement e) => new(
        e.GetProperty("name").GetString()!,
        e.GetProperty("state").GetString()!,
        e.TryGetProperty("pid", out var pid) ? pid.GetInt32() : null,
        e.TryGetProperty("startedAt", out var at) ? at.GetProperty("bootMs").GetInt64().ToString() : null,
        e.TryGetProperty("restarts", out var restarts) ? restarts.GetInt32() : 0,
        e.TryGetProperty("reason", out var reason) ? reason.GetString() : null);
}

public sealed partial class Machine
{
    /// <summary>`dora service list --json`, by name, without the sessions that our own logins are.</summary>
    public Dictionary<string, ServiceLine> Services(TimeSpan? limit = null)
    {
        var list = JsonDocument.Parse(SshOutput("dora service list --json", limit)).RootElement;
        return list.EnumerateArray().Select(ServiceLine.From).Where(service => !service.Name.StartsWith("sshd@", StringComparison.Ordinal))
            .ToDictionary(service => service.Name);
    }

    /// <summary>Waits until a service is as wanted, by asking dora again and again.</summary>
    public ServiceLine WaitForService(string name, string what, Func<ServiceLine, bool> wanted, TimeSpan limit)
    {
        var end = DateTime.UtcNow + limit;
        while (true)
        {
            Services().TryGetValue(name, out var line);
            if (line is not null && wanted(line)) return line;
            if (DateTime.UtcNow > end)
                throw new MachineException($"{Name}: {name} is not {what} after {limit.TotalSeconds} s but {line?.ToString() ?? "not listed"}", Transcript.Tail(20));
            Thread.Sleep(200);
        }
    }

    /// <summary>Pid of the manager: the child of PID 1 whose only argument says so.</summary>
    public int ManagerPid()
    {
        string output = SshOutput("for p in /proc/[0-9]*; do c=$(tr '\\0' ' ' <$p/cmdline 2>/dev/null); case $c in *\" manager \") echo ${p#/proc/};; esac; done");
        return int.TryParse(output, out int pid) ? pid : throw new MachineException($"{Name}: not one manager runs, but `{output}`", Transcript.Tail(20));
    }
}
