using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;
using Dora.Init.Manager.Control;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>Answers on the connection that was lent, after a moment, with what it was asked; subject <c>os</c> is refused, <c>dmi</c> breaks off.</summary>
internal sealed class FakeInformation(EventLoop loop) : IMachineInformation
{
    /// <summary>How long an answer takes.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(30);

    public List<string> Asked { get; } = [];
    public int Disposed { get; private set; }

    /// <summary>Answers that are still to come.</summary>
    public int Waiting { get; private set; }

    public IDisposable Answer(InformationRequest request, FileDescriptor connection, Action<LentAnswer> ended)
    {
        string asked = $"{request.Subject}({string.Join(", ", request.Arguments)}){(request.IsChange ? "!" : "")} {(request.Body is { } body ? Encoding.UTF8.GetString(body) : "")}".TrimEnd();
        Asked.Add(asked);
        var pending = new Pending(this);
        Waiting++;
        loop.After(Delay, "fake", () =>
        {
            if (pending.IsOver) return;
            pending.IsOver = true;
            Waiting--;
            if (request.Subject == "os") ended(new LentAnswer(false, 503, new ErrorBody("machine.busy", "too many")));
            else
            {
                byte[] answer = HttpResponse.Format(200, HttpResponse.Json, Encoding.UTF8.GetBytes(asked), request.KeepAlive, request.IsHead);
                _ = Sys.Write(connection, request.Subject == "dmi" ? answer.AsSpan(0, answer.Length - 2) : answer, out _);
                ended(new LentAnswer(IsWhole: request.Subject != "dmi"));
            }
        });
        return pending;
    }

    public SignalOutcome Signal(int pid, int signal, long? startedMs)
    {
        Asked.Add($"signal({pid}, {signal}, {startedMs})");
        return pid == 7 ? new SignalOutcome(new ProcessSignal { Pid = 7, Name = "web", Signal = "TERM" }) : new SignalOutcome(null, 404, "process.not-found", "there is no such process");
    }

    private sealed class Pending(FakeInformation owner) : IDisposable
    {
        public bool IsOver { get; set; }

        public void Dispose()
        {
            if (IsOver) return;
            IsOver = true;
            owner.Waiting--;
            owner.Disposed++;
        }
    }
}
