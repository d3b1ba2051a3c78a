using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The clients of tests/clients against the published init: what the boot layer repeats on a whole machine.</summary>
public sealed class ClientTests(ClientTests.Running running) : IClassFixture<ClientTests.Running>
{
    public sealed class Running : IDisposable
    {
        public Running() => Init.WaitForState("syslog", "running");

        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/init, syslog]\nlogger: true\nrestart: always\n",
            ["web"] = "command: [/bin/sleep, '100000']\n",
        });

        public void Dispose() => Init.Dispose();
    }

    private readonly string _socket = running.Init.Inside("/run/dora/dora.sock");

    [Fact] public void Curl_in_all_its_ways() => Clients.Curl(_socket);

    [Fact] public void Python_over_a_Unix_socket() => Clients.Python(_socket);

    [Fact] public void Node_with_an_agent_that_keeps_connections() => Clients.Node(_socket);

    [Fact] public void A_client_that_is_made_from_the_document() => Clients.Typed(_socket);

    [Fact] public void The_document_is_valid() => Clients.Validate(_socket);
}
