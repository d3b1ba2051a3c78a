using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>The clients of tests/clients against the published init: what the boot layer repeats on a whole machine.</summary>
public sealed class ClientTests(ClientTests.Running running) : IClassFixture<ClientTests.Running>
{
    public sealed class Running : IDisposable
    {
        public Running() => Init.WaitForSyslog();

        public InitInNamespace Init { get; } = new(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
            ["web"] = "command: [/bin/sleep, '100000']\n",
        });

        public void Dispose() => Init.Dispose();
    }

    private readonly string _socket = running.Init.Inside("/run/dora/dora.sock");

    [Fact] public void Curl_in_all_its_ways() => Clients.Curl(_socket);

    [Fact] public void Python_over_a_Unix_socket() => Clients.Python(_socket);

    [Fact] public void Node_with_an_agent_that_keeps_connections() => Clients.Node(_socket);

    [Fact] public void A_client_that_is_made_from_the_document() => Clients.Typed(_socket);

    [Fact]
    public void The_client_library_of_Prometheus_reads_the_metrics()
    {
        // It insists on help and type before samples, samples that stand together, and names as its conventions have them.
        var outcome = running.Init.Run("""
            curl -s --unix-socket /run/dora/dora.sock http://d/v1/metrics >/tmp/metrics
            /usr/bin/python3 - <<'END'
            from prometheus_client.parser import text_string_to_metric_families
            seen = {}
            for family in text_string_to_metric_families(open('/tmp/metrics').read()):
                assert family.name not in seen, family.name
                assert family.documentation and family.type in ('counter', 'gauge'), family
                seen[family.name] = family.samples
            up = [s for s in seen['pandora_service_state'] if s.labels == {'service': 'web', 'state': 'running'}]
            assert up and up[0].value == 1, seen['pandora_service_state']
            assert seen['pandora_uptime_seconds'][0].value > 0
            assert {s.labels['mode'] for s in seen['pandora_cpu_seconds']} >= {'user', 'idle', 'iowait'}
            assert seen['pandora_memory_in_use_bytes'][0].value > 1 << 20
            assert 1 << 20 < [s.value for s in seen['pandora_init_resident_memory_bytes'] if s.labels['role'] == 'manager'][0] < 64 << 20
            print(len(seen), 'families')
            END
            """);
        Assert.EndsWith("families\n", outcome.Output);
    }

    [Fact] public void The_document_is_valid() => Clients.Validate(_socket);
}
