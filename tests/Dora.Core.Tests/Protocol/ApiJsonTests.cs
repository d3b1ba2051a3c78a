using System.Text.Json;
using Dora.Core.Protocol;
using Xunit;

namespace Dora.Core.Tests.Protocol;

public class ApiJsonTests
{
    [Fact]
    public void Names_are_camelCase_and_absent_values_are_left_out()
    {
        var summary = new ServiceSummary { Name = "web", Type = "daemon", State = ServiceStates.Running, StartedAt = new Moment(12, "2026-11-21T00:00:00.000Z") };
        IReadOnlyList<ServiceSummary> list = [summary];
        Assert.Equal(
            """[{"name":"web","description":"","type":"daemon","state":"running","startedAt":{"bootMs":12,"wall":"2026-11-21T00:00:00.000Z"},"restarts":0,"sockets":[]}]""",
            JsonSerializer.Serialize(list, ApiJson.Api.IReadOnlyListServiceSummary));
    }

    [Fact]
    public void Errors_have_the_documented_shape() =>
        Assert.Equal("""{"error":"service.not-found","message":"it's \"w\u001b\": no","data":{}}""",
            JsonSerializer.Serialize(new ErrorBody("service.not-found", "it's \"w\e\": no"), ApiJson.Api.ErrorBody).Replace("\\u001B", "\\u001b"));

    [Fact]
    public void Unknown_member_of_a_request_is_refused_and_of_an_answer_ignored()
    {
        Assert.True(JsonSerializer.Deserialize("""{"force":true}""", ApiJson.Api.EndMachineRequest)!.Force);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"forse":true}""", ApiJson.Api.EndMachineRequest));
        Assert.Equal("no", JsonSerializer.Deserialize("""{"error":"e","message":"no","data":{"a":"b"}}""", ApiJson.Api.ErrorBody)!.Message);
        Assert.Equal("7", JsonSerializer.Deserialize("""{"id":"7","verb":"start","status":"done","new":1}""", ApiJson.Api.ChangeInfo)!.Id);
    }

    [Fact]
    public void Status_and_boot_report_survive_the_way_to_the_client()
    {
        var status = new ServiceStatus
        {
            Name = "a", Type = "oneshot", State = ServiceStates.Failed, Reason = "exited with code 1", Needs = ["b"],
            Problems = [new("/etc/dora/services/a.yaml", 3, 7, "unknown key")],
            LastExit = new LastExit { Kind = LastExit.Exited, Code = 1 },
            Log = [new("t", 5, "a", 12, "output", 6, "hello")],
        };
        string json = JsonSerializer.Serialize(status, ApiJson.Api.ServiceStatus);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize(json, ApiJson.Api.ServiceStatus)!, ApiJson.Api.ServiceStatus));
        Assert.Contains("\"file\":\"/etc/dora/services/a.yaml\",\"line\":3,\"column\":7", json);

        var boot = new BootReport { HandoverMs = 900, Stages = [new("kernel", "kernel", 0, 900, null)], Services = [new("a", 1, null, "failed")] };
        json = JsonSerializer.Serialize(boot, ApiJson.Api.BootReport);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize(json, ApiJson.Api.BootReport)!, ApiJson.Api.BootReport));
    }
}
