using System.Net.Sockets;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>What holds for every line of the table, whatever is added to it.</summary>
public class RouteTableTests
{
    public static TheoryData<string, string> Lines()
    {
        var lines = new TheoryData<string, string>();
        foreach (var route in Routes.All) lines.Add(route.Method, route.Template);
        return lines;
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void Only_callers_with_the_access_of_a_route_reach_its_handler(string method, string template)
    {
        var route = Routes.All.Single(line => line.Method == method && line.Template == template);
        using var fixture = new ControlFixture(routes: [.. Routes.All.Select(line => line with { Handler = exchange => exchange.Fail(409, "test.reached", "the handler was reached") })]);
        string path = template.Replace("{name}", "web").Replace("{id}", "1").Replace("{pid}", "1");
        var clients = new List<(string Request, string Expected, Socket Socket)>();
        foreach (Access access in new[] { Access.Read, Access.Change, Access.Admin })
        {
            string request = ControlFixture.Once(method, path);
            clients.Add((request, access >= route.Access ? "test.reached" : "access.denied", ConnectAs(fixture, access)));
        }
        // A page in a browser that reaches a forwarded socket may look at most.
        clients.Add((ControlFixture.Once(method, path).Replace("Host: x", "Host: x\r\nOrigin: http://evil"),
            route.Access == Access.Read ? "test.reached" : "access.cross-origin", ConnectAs(fixture, Access.Admin)));
        fixture.Run(() =>
        {
            foreach (var (request, expected, socket) in clients)
            {
                using (socket)
                {
                    socket.Send(System.Text.Encoding.Latin1.GetBytes(request));
                    Assert.Contains(expected, ControlFixture.ReadAll(socket));
                }
            }
        });
    }

    [Fact]
    public void Reading_changes_nothing_and_changing_is_for_nobody_else()
    {
        Assert.All(Routes.All, route => Assert.True(route.Method == "GET" || route.Access != Access.Read, $"{route.Method} {route.Template}"));
        Assert.Equal(Routes.All.Count, Routes.All.Select(route => (route.Method, route.Template)).Distinct().Count());
    }

    [Fact]
    public void Every_route_is_described_and_every_reference_leads_somewhere()
    {
        using var document = JsonDocument.Parse(OpenApi.Describe(Routes.All, "1.2.3"));
        var paths = document.RootElement.GetProperty("paths");
        foreach (var route in Routes.All)
        {
            var operation = paths.GetProperty(route.Template).GetProperty(route.Method.ToLowerInvariant());
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.Equal(OpenApi.AccessName(route.Access), operation.GetProperty("x-access").GetString());
            Assert.True(operation.GetProperty("responses").TryGetProperty(route.Status.ToString(), out _));
        }
        var schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        foreach (string reference in References(document.RootElement))
            Assert.True(schemas.TryGetProperty(reference["#/components/schemas/".Length..], out _), reference);
        Assert.Equal(["name", "type", "state"], schemas.GetProperty("ServiceStatus").GetProperty("required").EnumerateArray().Select(name => name.GetString()));
    }

    [Fact]
    public void Every_route_stands_in_the_documentation_with_its_access()
    {
        string[] table = [.. File.ReadAllLines(Path.Combine(Repository(), "docs/protocol.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        foreach (var route in Routes.All)
        {
            string folder = route.Template[..route.Template.LastIndexOf('/')], last = route.Template[(route.Template.LastIndexOf('/') + 1)..];
            bool IsNamed(string line) => line.Contains($"`{route.Method} {route.Template}`") || line.Contains($"`{route.Method} {route.Template}?")
                || (line.StartsWith($"| `{route.Method} {folder}/", StringComparison.Ordinal) && line.Contains($" `{last}`"));
            Assert.True(table.Any(line => IsNamed(line) && line.Contains($"| {OpenApi.AccessName(route.Access)} |")), $"{route.Method} {route.Template} ({route.Access}) is not in docs/protocol.md");
        }
    }

    private static Socket ConnectAs(ControlFixture fixture, Access access)
    {
        Sys.SocketPair(Libc.SOCK_STREAM, out var ours, out var theirs).ThrowIfError("socketpair");
        Sys.SetNonBlocking(ours).ThrowIfError("fcntl");
        fixture.Server.Admit(ours, new Caller(access == Access.Admin ? 0u : 1000u, 42, access));
        return new Socket(new SafeSocketHandle(theirs.Number, ownsHandle: true)) { ReceiveTimeout = 10_000, SendTimeout = 10_000 };
    }

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member.Name == "$ref" ? [member.Value.GetString()!] : References(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };

    private static string Repository()
    {
        string folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Pandora.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }
}
