using System.Globalization;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Services with a process for each connection: who connected, and the limits. One init, a service for each test.</summary>
public sealed class ConnectionLimitTests(ConnectionLimitTests.Running running) : IClassFixture<ConnectionLimitTests.Running>
{
    public sealed class Running : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["who"] = "command: [/bin/sh, -c, 'echo $REMOTE_ADDR $REMOTE_PORT']\nper-connection: true\nsockets: [tcp: 4901]\n",
            ["whois"] = "command: [/bin/sh, -c, 'echo x$REMOTE_ADDR-$REMOTE_PORT']\nper-connection: true\nsockets: [unix: /run/whois.sock]\n",
            ["source"] = "command: /bin/cat\nper-connection: true\nsockets: [tcp: 4902]\nmax-connections-per-source: 2\n",
            ["user"] = "command: /bin/cat\nper-connection: true\nsockets: [{unix-seqpacket: /run/user.sock, mode: '0666'}]\nmax-connections-per-source: 1\n",
            ["full"] = "command: /bin/cat\nper-connection: true\nsockets: [tcp: 4903]\nmax-connections: 2\nwhen-full: refuse\n",
            ["queue"] = "command: /bin/cat\nper-connection: true\nsockets: [tcp: 4904]\nmax-connections: 2\n",
            ["flood"] = "command: /bin/true\nper-connection: true\nsockets: [unix: /run/flood.sock]\npoll-limit: 3/10s\n",
            ["spin"] = "command: /bin/true\nstart: demand\nsockets: [unix: /run/spin.sock]\nrestart: {delay: 1ms, factor: 1, cap: 1ms}\npoll-limit: 3/10s\n",
        });

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;

    private string Perl(string script) => _init.Run($"perl -MSocket -MIO::Socket::IP -MIO::Socket::UNIX -e '$SIG{{PIPE}} = q(IGNORE); {script}'").Expect().Trim();

    private (int Now, long Taken, long Refused) Counts(string service)
    {
        var status = _init.Get($"/v1/services/{service}");
        return (status.GetProperty("connections").GetInt32(), status.GetProperty("accepted").GetInt64(), status.GetProperty("refused").GetInt64());
    }

    private int LinesWith(string text) => _init.KernelLog.Split('\n').Count(line => line.Contains(text, StringComparison.Ordinal));

    [Fact]
    public void A_process_finds_who_connected_in_its_environment()
    {
        _init.WaitForState("who", "listening");
        string[] four = Perl("$s = IO::Socket::IP->new(PeerAddr => q(127.0.0.1:4901)); print $s->sockport, q( ), <$s>").Split(' ');
        Assert.Equal(["127.0.0.1", four[0]], four[1..]);
        string[] six = Perl("$s = IO::Socket::IP->new(PeerHost => q(::1), PeerPort => 4901); print $s->sockport, q( ), <$s>").Split(' ');
        Assert.Equal(["::1", six[0]], six[1..]);
        Assert.Equal("x-", Perl("$s = IO::Socket::UNIX->new(Peer => q(/run/whois.sock)); print <$s>"));
        Assert.Equal(2, Counts("who").Taken);
    }

    [Fact]
    public void One_source_gets_its_share_and_others_theirs_also_after_the_manager_was_killed()
    {
        _init.WaitForState("source", "listening");
        // Two of 127.0.0.1 are served, further ones closed; 127.0.0.2 and ::1 are others. Then the manager is killed.
        string said = Perl($$"""
            sub go { my $s = IO::Socket::IP->new(PeerPort => 4902, @_) or return "none"; push @all, $s; print $s "hi\n"; $s->flush; my $a = <$s>; return defined $a ? "served" : "closed" }
            @a = (PeerHost => q(127.0.0.1)); @b = (PeerHost => q(127.0.0.1), LocalHost => q(127.0.0.2)); @c = (PeerHost => q(::1));
            print join(q( ), go(@a), go(@a), go(@a), go(@b), go(@c), go(@a)), "\n";
            kill 9, {{ManagerInside()}}; select undef, undef, undef, 0.5;
            print join(q( ), go(@a), go(@b), go(@b)), "\n";
            close shift @all; for (1 .. 100) { select undef, undef, undef, 0.1; $r = go(@a); last if $r eq "served"; $early++ } print $r, "\n", $early + 0, "\n";
            """);
        string[] lines = said.Split('\n');
        Assert.Equal(["served served closed served served closed", "closed served closed", "served"], lines[..^1]);
        int early = int.Parse(lines[^1]); // before the place was free
        _init.WaitFor("the end of all", () => Counts("source").Now == 0);
        var (_, taken, refused) = Counts("source");
        Assert.Equal(6, taken);
        Assert.InRange(refused - early, 3, 4); // those of the last batch before the kill may be missing
        // One line a minute, of each manager.
        Assert.Equal(2, LinesWith("source: connection of 127.0.0."));
    }

    [Fact]
    public void Of_a_unix_socket_the_user_is_the_source()
    {
        _init.WaitForState("user", "listening");
        const string go = "$m = q(); socket(my $s, AF_UNIX, SOCK_SEQPACKET, 0); connect($s, sockaddr_un(q(/run/user.sock))) or die $!; push @all, $s; send($s, q(hi), 0); recv($s, $m, 9, 0); print length $m;";
        Assert.Equal("201", Perl($"{go} {go} $> = 1234; {go.Replace("length $m", "length($m) ? 1 : 0")}"));
    }

    [Fact]
    public void Beyond_the_total_connections_are_closed_or_wait_as_the_file_says()
    {
        _init.WaitForState("full", "listening");
        _init.WaitForState("queue", "listening");
        const string go = "sub go { my $s = IO::Socket::IP->new(PeerAddr => qq(127.0.0.1:$_[0])); push @all, $s; print $s qq(hi\\n); $s->flush; return $s } sub got { my $r = q(); vec($r, fileno $_[0], 1) = 1; return q(waits) unless select $r, undef, undef, $_[1]; return defined readline($_[0]) ? q(served) : q(closed) } ";
        Assert.Equal("served served closed", Perl(go + "print join q( ), map { got(go(4903), 5) } 1..3"));
        Assert.Equal("served served waits then served",
            Perl(go + "@s = map { go(4904) } 1..3; print join q( ), got($s[0], 5), got($s[1], 5), got($s[2], 0.3), q(then); close $s[0]; print q( ), got($s[2], 5)"));
        Assert.Equal(1, Counts("full").Refused);
        Assert.Equal(0, Counts("queue").Refused);
        Assert.Equal(1, LinesWith("full: connection of 127.0.0.1 refused: there are 2 (max-connections)"));
        Assert.Equal(1, LinesWith("queue: 2 connections (max-connections): further ones wait"));
    }

    [Fact]
    public void A_hundred_connections_with_a_poll_limit_of_three_are_three() // systemd TEST-07 poll-limit
    {
        _init.WaitForState("flood", "listening");
        Perl("for (1..100) { IO::Socket::UNIX->new(Peer => q(/run/flood.sock)) or die $! }");
        _init.WaitFor("those that may", () => Counts("flood").Taken == 3);
        Thread.Sleep(500);
        Assert.Equal(3, Counts("flood").Taken);
        Assert.Equal(1, LinesWith("flood: 3 connections within 10 s (poll-limit): further ones wait"));
        Assert.Equal("listening", _init.Service("flood").State);
    }

    [Fact]
    public void A_service_that_dies_at_once_is_started_by_its_socket_as_often_as_the_poll_limit_says()
    {
        _init.WaitForState("spin", "listening");
        Perl("IO::Socket::UNIX->new(Peer => q(/run/spin.sock)) or die $!");
        _init.WaitFor("the limit", () => LinesWith("spin: started 3 times within 10 s by its sockets (poll-limit): waiting") == 1);
        Thread.Sleep(500);
        Assert.Equal(3, LinesWith("spin: running"));
        Assert.Equal("listening", _init.Service("spin").State);
    }

    private string ManagerInside() =>
        File.ReadLines($"/proc/{_init.ManagerPid()}/status").First(line => line.StartsWith("NSpid:", StringComparison.Ordinal)).Split('\t')[^1].ToString(CultureInfo.InvariantCulture);
}
