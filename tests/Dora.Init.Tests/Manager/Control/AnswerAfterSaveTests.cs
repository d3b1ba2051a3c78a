using System.Net.Sockets;
using System.Text;
using Dora.Init.Manager.Control;
using Xunit;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>No answer leaves before the state is saved.</summary>
public class AnswerAfterSaveTests
{
    private readonly Queue<Action> _unsaved = new();
    private volatile bool _isSaved;
    private int _held;

    private int Held => Volatile.Read(ref _held);

    [Theory]
    [InlineData("POST", "/v1/services/web/start", 202)]
    [InlineData("POST", "/v1/services/nix/stop", 404)]
    [InlineData("POST", "/v1/machine/reboot", 202)]
    [InlineData("GET", "/v1/services/web", 200)]
    public void An_answer_waits_for_the_save(string method, string path, int status)
    {
        using var fixture = new ControlFixture(whenSaved: Hold);
        SaveWhenTold(fixture);
        fixture.Run(() =>
        {
            using var socket = fixture.Connect();
            socket.Send(Encoding.Latin1.GetBytes(ControlFixture.Once(method, path)));
            Assert.True(SpinWait.SpinUntil(() => Held == 1, 10_000), "the request was not handled");
            Assert.False(socket.Poll(100_000, SelectMode.SelectRead), "the answer left before the state was saved");
            _isSaved = true;
            Assert.StartsWith($"HTTP/1.1 {status} ", ControlFixture.ReadAll(socket));
        });
        Assert.Empty(fixture.Log);
    }

    [Fact]
    public void A_client_that_goes_while_its_answer_waits_costs_nothing()
    {
        using var fixture = new ControlFixture(whenSaved: Hold);
        SaveWhenTold(fixture);
        fixture.Run(() =>
        {
            using (var socket = fixture.Connect())
            {
                socket.Send(Encoding.Latin1.GetBytes(ControlFixture.Once("POST", "/v1/services/web/start")));
                Assert.True(SpinWait.SpinUntil(() => Held == 1, 10_000), "the request was not handled");
            }
            Assert.True(SpinWait.SpinUntil(() => fixture.Server.ConnectionCount == 0, 10_000), "the connection is still there");
            _isSaved = true;
            Assert.True(SpinWait.SpinUntil(() => Held == 0, 10_000));
        });
        Assert.Empty(fixture.Log);
    }

    [Fact]
    public void Requests_of_a_pipeline_are_handled_one_by_one_each_behind_a_save()
    {
        using var fixture = new ControlFixture(whenSaved: Hold);
        fixture.Loop.AfterBatch = Save;
        fixture.Run(() =>
        {
            string requests = string.Concat(Enumerable.Range(0, 5).Select(_ => "POST /v1/services/web/start HTTP/1.1\r\nHost: x\r\n\r\n"));
            string answers = fixture.Talk(requests + "nonsense\r\n\r\n");
            Assert.Equal(5, answers.Split("HTTP/1.1 202 ").Length - 1);
            Assert.Contains("HTTP/1.1 400 ", answers[answers.LastIndexOf("202 ", StringComparison.Ordinal)..]);
        });
        Assert.Equal(5, fixture.Machine.Calls.Count);
    }

    private void Hold(Action answer)
    {
        _unsaved.Enqueue(answer);
        Volatile.Write(ref _held, _unsaved.Count);
    }

    private void Save()
    {
        for (int i = _unsaved.Count; i > 0; i--) _unsaved.Dequeue()();
        Volatile.Write(ref _held, _unsaved.Count);
    }

    /// <summary>The loop looks now and then whether the test's thread has said so.</summary>
    private void SaveWhenTold(ControlFixture fixture)
    {
        if (_isSaved) Save();
        else fixture.Loop.After(TimeSpan.FromMilliseconds(5), "test", () => SaveWhenTold(fixture));
    }
}
