using System.Text;
using System.Text.Json;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Xunit;

namespace Dora.Core.Tests.Protocol.Json;

public class JsonMapTests
{
    [Fact]
    public void Names_are_camelCase_and_absent_values_are_left_out()
    {
        var summary = new ServiceSummary { Name = "web", Type = "daemon", State = ServiceStates.Running, StartedAt = new Moment(12, "2026-11-21T00:00:00.000Z") };
        Assert.Equal(
            """[{"name":"web","description":"","type":"daemon","state":"running","startedAt":{"bootMs":12,"wall":"2026-11-21T00:00:00.000Z"},"restarts":0,"sockets":[],"needs":[]}]""",
            Encoding.UTF8.GetString(JsonMapWriter.WriteList([summary])));
    }

    [Fact]
    public void Errors_have_the_documented_shape() =>
        Assert.Equal("""{"error":"service.not-found","message":"it's \"w\u001B\": nö","data":{}}""",
            Encoding.UTF8.GetString(JsonMapWriter.Write(new ErrorBody("service.not-found", "it's \"w\e\": nö"))));

    [Fact]
    public void Unknown_member_of_a_request_is_refused_and_of_an_answer_ignored()
    {
        Assert.True(JsonMapReader.Read<EndMachineRequest>("""{"force":true}"""u8, isStrict: true).Force);
        var refused = Assert.Throws<JsonException>(() => JsonMapReader.Read<EndMachineRequest>("""{"forse":true}"""u8, isStrict: true));
        Assert.Equal("forse: there is no such member", refused.Message);
        Assert.Equal("no", JsonMapReader.Read<ErrorBody>("""{"error":"e","message":"no","data":{"a":"b"}}"""u8).Message);
        Assert.Equal("7", JsonMapReader.Read<ChangeInfo>("""{"id":"7","verb":"start","status":"done","new":[{"x":1.5e2}]}"""u8).Id);
    }

    [Theory]
    [InlineData("", "*")]
    [InlineData("{", "*")]
    [InlineData("[]", "it is not an object")]
    [InlineData("null", "it is not an object")]
    [InlineData("{} {}", "*")]
    [InlineData("""{"force":"yes"}""", "force: it is not true or false")]
    [InlineData("""{"force":true,"force":true}""", "force: given twice")]
    [InlineData("""{"force":1e999}""", "force: it is not true or false")]
    [InlineData("""{"force":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]}""", "*")]
    [InlineData("{\"force\":\"\\ud800\"}", "*")]
    public void What_does_not_fit_is_refused_with_its_member(string json, string message)
    {
        var refused = Assert.ThrowsAny<JsonException>(() => JsonMapReader.Read<EndMachineRequest>(Encoding.UTF8.GetBytes(json), isStrict: true));
        if (message != "*") Assert.Equal(message, refused.Message);
    }

    [Fact]
    public void A_required_member_that_is_missing_or_null_is_named()
    {
        Assert.Equal("status: missing", Assert.Throws<JsonException>(() => JsonMapReader.Read<ChangeInfo>("""{"id":"7","verb":"start"}"""u8)).Message);
        Assert.Equal("status: missing", Assert.Throws<JsonException>(() => JsonMapReader.Read<ChangeInfo>("""{"id":"7","verb":"start","status":null}"""u8)).Message);
    }

    [Theory]
    [InlineData("2147483648", "line: 2147483648 is out of range")]
    [InlineData("9223372036854775808", "line: it is not a whole number of 64 bits")]
    [InlineData("1.5", "line: it is not a whole number of 64 bits")]
    [InlineData("\"1\"", "line: it is not a whole number of 64 bits")]
    public void An_integer_has_a_range(string number, string message) =>
        Assert.Equal(message, Assert.Throws<JsonException>(() => JsonMapReader.Read<ServiceProblem>(Encoding.UTF8.GetBytes($"{{\"line\":{number}}}"))).Message);

    [Fact]
    public void Random_and_mutated_texts_are_read_or_refused()
    {
        var random = new Random(20261121);
        var status = new ServiceStatus(new ServiceSummary { Name = "a", Type = "oneshot", State = ServiceStates.Failed, Sockets = ["tcp 22"] })
        {
            Needs = ["b"], Problems = [new("/etc/dora/services/a.yaml", 3, 7, "unknown \ud83d\ude00")], Log = [new("t", 5, "a", 12, "output", 6, "hello")],
        };
        byte[] good = JsonMapWriter.Write(status);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = good[..random.Next(good.Length + 1)];
            for (int n = random.Next(6); n > 0 && bytes.Length > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            try
            {
                Assert.NotNull(JsonMapReader.Read<ServiceStatus>(bytes, isStrict: i % 2 == 0).Name);
            }
            catch (JsonException)
            {
                // Refused: that is the other right outcome.
            }
        }
    }
}
