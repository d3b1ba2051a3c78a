using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>Issue 2: "A killed sshd listener, syslog or dhcp client comes back."</summary>
[Collection(nameof(RunningMachine))]
public class RecoveryTests(RunningMachine running)
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    readonly Machine _machine = running.Machine;

    [Fact]
    public void Killed_syslog_comes_back_and_still_takes_messages()
    {
        Kill("syslog");
        string mark = $"mark-{Guid.NewGuid():N}";
        var end = DateTime.UtcNow + s_limit;
        do _machine.SshOutput($"logger -t probe {mark}");
        while (!_machine.Ssh("dora log -n 200").Output.Contains(mark) && DateTime.UtcNow < end);
        Assert.Contains(mark, _machine.SshOutput("dora log -n 200"));
    }

    [Fact]
    public void Killed_dhcp_client_comes_back_and_the_address_stays()
    {
        string name = _machine.Services().Keys.Single(key => key.StartsWith("dhcp@", StringComparison.Ordinal));
        Kill(name);
        Assert.Contains("10.0.2.15", _machine.SshOutput("ip -4 addr show"));
    }

    [Fact]
    public void Killed_console_shell_comes_back()
    {
        Kill("console@ttyS0");
        _machine.WaitForConsole(s_limit);
        Assert.Equal("0", _machine.Console("id -u").Expect().Trim());
    }

    // sshd has no listener process: the manager holds the socket. What can be killed is the process of a connection.
    [Fact]
    public void Killed_sshd_ends_its_own_session_and_no_other_and_new_ones_are_let_in()
    {
        using var one = _machine.OpenSession();
        using var other = _machine.OpenSession();
        string sshd = one.Run("ppid() { awk '/^PPid/ { print $2 }' /proc/$1/status; }; ppid $$").Expect().Trim();
        one.Run($"kill -9 {sshd}");
        var end = DateTime.UtcNow + s_limit;
        while (one.IsOpen && DateTime.UtcNow < end) Thread.Sleep(100);
        Assert.False(one.IsOpen, "the session whose sshd was killed is still open");
        other.Run("true").Expect();
        Assert.Equal("listening", _machine.Services()["sshd"].State);
        using var next = _machine.OpenSession();
        next.Run("true").Expect();
    }

    [Fact]
    public void Sshd_can_be_restarted_from_within_a_session_and_the_session_lives_on()
    {
        using var session = _machine.OpenSession();
        session.Run("dora service restart sshd", TimeSpan.FromSeconds(60)).Expect();
        session.Run("true").Expect();
        _machine.WaitForSsh(s_limit);
        using var next = _machine.OpenSession();
        next.Run("true").Expect();
    }

    void Kill(string service)
    {
        int pid = _machine.Services()[service].Pid ?? throw new InvalidOperationException($"{service} has no pid");
        _machine.SshOutput($"kill -9 {pid}");
        _machine.WaitForService(service, "running with another pid", line => line.State == "running" && line.Pid is { } now && now != pid, s_limit);
    }

    // Issue 3: "`dora service reload` shows the difference first, applies it, restarts only what changed"
    [Fact]
    public void Service_files_are_reloaded_in_the_running_machine_and_only_what_has_changed_notices()
    {
        Assert.Equal("service files: nothing has changed", _machine.SshOutput("dora service reload"));
        var before = _machine.Services();
        const string Folder = "/etc/dora/services";
        string said = _machine.SshOutput($"mkdir -p {Folder}/sshd.yaml.d && echo 'max-connections: 40' >{Folder}/sshd.yaml.d/10.yaml"
            + $" && printf 'command: [/bin/sleep, \"1000\"]\\n' >{Folder}/added.yaml && dora service reload");
        Assert.StartsWith("added: new: is started\nsshd: changed: takes effect without a restart\n  max-connections: ", said);
        Assert.Equal("running", _machine.Services()["added"].State);
        Assert.Equal("sshd: changed: takes effect without a restart\nadded: gone: is stopped",
            string.Join('\n', _machine.SshOutput($"rm -r {Folder}/sshd.yaml.d {Folder}/added.yaml; dora service reload").Split('\n')
                .Where(line => line.Contains(": changed") || line.Contains(": gone")).OrderDescending()));
        var after = _machine.Services();
        Assert.False(after.ContainsKey("added"));
        foreach (var (name, service) in before.Where(pair => pair.Value.State == "running" && !pair.Key.Contains('@')))
            Assert.Equal(service.Pid, after[name].Pid);
    }
}
