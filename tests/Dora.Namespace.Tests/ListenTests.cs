using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// Every kind of socket with a service behind it, across the ends of the service and of the manager. One init for all:
/// each test has a service of its own. Those of IP are spoken to from inside, as the network is the namespace's.
/// </summary>
public sealed class ListenTests(ListenTests.Running running) : IClassFixture<ListenTests.Running>
{
    /// <summary>perl: descriptor 3 says what comes in to a file, one line for each.</summary>
    private const string Take = "open S, q(<&=3); while (accept(C, S)) { $l = <C>; open O, q(>>), $ENV{OUT}; print O $l; close O; print C qq($$ $l); close C }";

    public sealed class Running : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["tcp"] = Service("tcp", "    - tcp: 4801\n"),
            ["six"] = Service("six", "    - tcp: '[::1]:4802'\n      ipv6-only: true\n      keep-alive: true\n      free-bind: true\n      device: lo\n"),
            ["share"] = Service("share", "    - tcp: 127.0.0.1:4803\n      reuse-port: true\n      backlog: 5\n"),
            ["unix"] = Service("unix", "    - unix: /run/deep/er/unix.sock\n      mode: '0620'\n      user: plain\n      group: '77'\n"),
            ["abstract"] = Service("abstract", "    - unix: '@pandora-test'\n"),
            ["packets"] = """
                command: [/usr/bin/perl, -MSocket, -e, "open S, '+<&=3'; while (accept(C, S)) { recv(C, $m, 100, 0); send(C, $$.' '.$m, 0); close C }"]
                sockets: [unix-seqpacket: /run/packets.sock]
                """,
            ["udp"] = """
                command: [/usr/bin/perl, -MSocket, -e, "open S, '+<&=0'; for (1..2) { $f = recv(S, $m, 100, 0); send(S, $$.' '.$m, 0, $f); print qq(got $m\n) }"]
                sockets: [udp: 4804]
                socket-stdin: true
                start: demand
                """,
            ["datagrams"] = """
                command: [/usr/bin/perl, -e, "open S, '<&=3'; recv(S, $m, 100, 0); open O, '>>/run/datagrams.out'; print O qq($m\n)"]
                sockets: [unix-datagram: /run/datagrams.sock]
                start: demand
                """,
            ["fifo"] = """
                command: [/bin/sh, -c, "read -r line; echo $line >>/run/fifo.out"]
                sockets:
                  - fifo: /run/fifo
                    mode: '0640'
                    group: plain
                socket-stdin: true
                start: demand
                """,
        });

        private static string Service(string name, string socket) =>
            $"command: [/usr/bin/perl, -e, '{Take}']\nenvironment: {{OUT: /run/{name}.out}}\nrestart: {{when: always, delay: 300ms}}\nsockets:\n{socket.Replace("    -", "  -").Replace("      ", "    ")}";

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;

    /// <summary>Connects, sends a line, and gives the answer: the pid of the service, and the line.</summary>
    private string Ask(string perlConnect, string line) => _init.Run(
        $"perl -MSocket -MIO::Socket::INET -MIO::Socket::IP -MIO::Socket::UNIX -e '$s = {perlConnect} or die qq($!\\n); print $s qq({line}\\n); $s->flush; $a = <$s>; print $a'").Expect().Trim();

    /// <summary>
    /// Until it is dead: one that is killed in accept(2), and has not come to run since, may take a connection with it
    /// (inet_csk_wait_for_connect looks for one before it looks for signals).
    /// </summary>
    private void KillNow(int pid) =>
        _init.Run($"kill -9 {pid}; while [ -e /proc/{pid} ] && ! grep -q 'State:.Z' /proc/{pid}/status 2>/dev/null; do :; done").Expect();

    private string Inode(string service) =>
        _init.Run($"readlink /proc/{_init.WaitForState(service, "running").Pid}/fd/3").Expect().Trim();

    [Theory]
    [InlineData("tcp", "IO::Socket::IP->new(PeerAddr => q(127.0.0.1:4801))")]
    [InlineData("tcp", "IO::Socket::IP->new(PeerHost => q(::1), PeerPort => 4801)")]
    [InlineData("six", "IO::Socket::IP->new(PeerHost => q(::1), PeerPort => 4802)")]
    [InlineData("share", "IO::Socket::IP->new(PeerAddr => q(127.0.0.1:4803))")]
    [InlineData("unix", "IO::Socket::UNIX->new(Peer => q(/run/deep/er/unix.sock))")]
    [InlineData("abstract", "IO::Socket::UNIX->new(Peer => qq(\\0pandora-test))")]
    public void A_stream_is_the_same_socket_through_the_ends_of_service_and_manager_and_no_connection_is_refused(string service, string connect)
    {
        string before = Inode(service);
        int pid = _init.Service(service).Pid!.Value;
        Assert.Equal($"{pid} one", Ask(connect, "one"));

        // Of the service: who connects while it is down waits for the next.
        KillNow(pid);
        string[] answer = Ask(connect, "two").Split(' ');
        Assert.Equal("two", answer[1]);
        Assert.NotEqual(pid.ToString(), answer[0]);
        Assert.Equal(before, Inode(service));

        // Of the manager, and of both at once.
        int second = _init.Service(service).Pid!.Value, manager = _init.ManagerPid();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
        KillNow(second);
        Assert.EndsWith(" three", Ask(connect, "three"));
        Assert.Equal(before, Inode(service));
    }

    [Fact]
    public void Packets_keep_their_boundaries_and_the_socket_its_identity()
    {
        const string ask = "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_SEQPACKET, 0); connect(S, sockaddr_un(q(/run/packets.sock))) or die; send(S, q(hello), 0); recv(S, $m, 100, 0); print $m'";
        string before = Inode("packets");
        Assert.EndsWith(" hello", _init.Run(ask).Expect());
        _init.Change("restart", "packets");
        Assert.EndsWith(" hello", _init.Run(ask).Expect());
        Assert.Equal(before, Inode("packets"));
    }

    [Fact]
    public void Owner_mode_and_group_of_a_path_are_as_written_and_survive_the_manager() // systemd 3171
    {
        string stat = "stat -c '%a %u %g %i' /run/deep/er/unix.sock; stat -c '%a %u %G' /run/fifo; stat -c '%a %U' /run/packets.sock";
        _init.WaitForState("unix", "running");
        string before = _init.Run(stat).Expect();
        Assert.StartsWith("620 1234 77 ", before);
        Assert.EndsWith("\n640 0 plain\n600 root\n", before);
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {_init.ManagerPid()}").Expect();
        _init.Change("restart", "unix");
        Assert.Equal(before, _init.Run(stat).Expect());
    }

    [Fact]
    public void Options_are_set_on_the_socket()
    {
        int pid = _init.WaitForState("six", "running").Pid!.Value, share = _init.WaitForState("share", "running").Pid!.Value;
        // The service's own view: a helper that joins it has its descriptors by pidfd_getfd(2).
        string options = _init.Run($$"""
            perl -MSocket=:all -e 'sub get { my ($pid, @o) = @_; $p = syscall(434, $pid, 0); $f = syscall(438, $p, 3, 0); open my $s, "+<&=", $f or die; print join(",", map { unpack "i", getsockopt($s, $_->[0], $_->[1]) } @o), "\n" }
              get({{pid}}, [SOL_SOCKET, SO_KEEPALIVE], [41, 26], [41, 78], [SOL_SOCKET, SO_REUSEPORT]);
              get({{share}}, [SOL_SOCKET, SO_KEEPALIVE], [SOL_SOCKET, SO_REUSEPORT])'
            """).Expect();
        Assert.Equal("1,1,1,0\n0,1\n", options);
    }

    [Fact]
    public void A_datagram_starts_it_on_its_stdin_and_the_next_one_again() // inetd's wait
    {
        const string ask = "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Proto => q(udp), PeerAddr => q(127.0.0.1:4804)); for (@ARGV) { $s->send($_); $s->recv($m, 100); print qq($m\\n) }' ";
        _init.WaitForState("udp", "listening");
        string[] answers = _init.Run(ask + "one two three").Expect().Split('\n');
        Assert.Equal(["one", "two", "three"], answers.Take(3).Select(answer => answer.Split(' ')[1]));
        Assert.Equal(answers[0].Split(' ')[0], answers[1].Split(' ')[0]);
        Assert.NotEqual(answers[1].Split(' ')[0], answers[2].Split(' ')[0]);
    }

    [Fact]
    public void Datagrams_that_nobody_has_read_outlive_the_manager()
    {
        _init.WaitForState("datagrams", "listening");
        int manager = _init.ManagerPid();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -STOP {manager}").Expect();
        _init.Run("perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); send(S, $_, 0, sockaddr_un(q(/run/datagrams.sock))) or die for qw(a b)'").Expect();
        Programs.Run(TimeSpan.FromSeconds(5), "sh", "-c", $"kill -9 {manager}").Expect();
        _init.WaitFor("both", () => File.Exists(_init.Inside("/run/datagrams.out")) && File.ReadAllText(_init.Inside("/run/datagrams.out")) == "a\nb\n");
    }

    [Fact]
    public void A_line_in_a_fifo_starts_it_and_writers_may_come_and_go()
    {
        _init.WaitForState("fifo", "listening");
        foreach (string line in (string[])["first", "second"])
        {
            _init.Run($"echo {line} >/run/fifo").Expect();
            _init.WaitFor(line, () => File.Exists(_init.Inside("/run/fifo.out")) && File.ReadAllText(_init.Inside("/run/fifo.out")).EndsWith($"{line}\n", StringComparison.Ordinal));
        }
        _init.Change("start", "fifo");
        _init.Change("stop", "fifo");
        Assert.False(File.Exists(_init.Inside("/run/fifo")));
        _init.Change("start", "fifo");
        Assert.True(File.Exists(_init.Inside("/run/fifo")));
    }
}
