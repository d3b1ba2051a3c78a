using Dora.Boot.Tests.Fixtures;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// Issue 4: "Tests run real clients that no one here wrote against a booted system: curl (plain, slow, with Expect, HTTP/1.0,
/// pipelined, keep-alive), Python's http.client over AF_UNIX, Node's http with socketPath, the OpenAPI validator and a client
/// generated from the document". They run on the host; ssh forwards the machine's socket.
/// </summary>
[Collection(nameof(RunningMachine))]
public sealed class ClientTests : IDisposable
{
    readonly Machine _machine;
    readonly SshSession _session;
    readonly string _socket;
    readonly int _manager;

    public ClientTests(RunningMachine running)
    {
        _machine = running.Machine;
        _session = _machine.OpenSession();
        _socket = _session.Forward("/run/dora/dora.sock");
        _manager = _machine.ManagerPid();
    }

    public void Dispose()
    {
        Assert.Equal(_manager, _machine.ManagerPid());
        _session.Dispose();
    }

    [Fact] public void Curl_in_all_its_ways() => Clients.Curl(_socket);

    [Fact] public void Python_over_a_Unix_socket() => Clients.Python(_socket);

    [Fact] public void Node_with_an_agent_that_keeps_connections() => Clients.Node(_socket);

    [Fact] public void A_client_that_is_made_from_the_document() => Clients.Typed(_socket);

    [Fact] public void The_document_is_valid() => Clients.Validate(_socket);
}
