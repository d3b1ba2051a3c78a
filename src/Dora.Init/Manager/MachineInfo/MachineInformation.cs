using System.Globalization;
using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Init.Manager.Control;
using Dora.Init.Manager.Shutdown;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// The manager's side of information and files: one helper process for each request (MachineHelper), to which the
/// client's connection is lent. So nothing that may block, and no byte of an answer, is in the manager.
///
/// A helper costs some milliseconds of the machine. So that a user without rights cannot keep the machine busy with them,
/// only two at a time work for callers who may only read; others wait in line, and after a while are told so.
/// </summary>
internal sealed class MachineInformation(EventLoop loop, Func<string> keptSockets) : IMachineInformation
{
    private const int MostForReaders = 2, MostForOthers = 16;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10), s_changeLimit = TimeSpan.FromSeconds(30), s_waitLimit = TimeSpan.FromSeconds(10);

    /// <summary>Gets what helpers say to the manager, lines at a time.</summary>
    public Action<string>? Heard { get; init; }

    private EventLoop Loop => loop;
    private string KeptSockets() => keptSockets();

    private readonly Line _readers = new(MostForReaders), _others = new(MostForOthers);

    /// <summary>Requests that are worked on, and those that wait for that.</summary>
    private sealed class Line(int most)
    {
        public int Working { get; set; }
        public bool IsFull => Working >= most;
        public List<Question> Waiting { get; } = [];
    }

    public IDisposable Answer(InformationRequest request, FileDescriptor connection, Action<LentAnswer> ended)
    {
        var question = new Question(this, request, connection, ended, request.Access == Access.Read ? _readers : _others);
        question.Begin();
        return question;
    }

    public SignalOutcome Signal(int pid, int signal, long? startedMs) => ProcessSignals.Send("", pid, signal, startedMs);

    private sealed class Question(MachineInformation owner, InformationRequest request, FileDescriptor connection, Action<LentAnswer> ended, Line line) : IDisposable
    {
        private HelperProcess? _helper;
        private LoopTimer? _patience;
        private bool _isUnwanted, _isOver;
        private int _heard;

        public void Begin()
        {
            if (!line.IsFull)
            {
                Work();
                return;
            }
            line.Waiting.Add(this);
            _patience = owner.Loop.After(s_waitLimit, "machine", () =>
            {
                line.Waiting.Remove(this);
                _isOver = true;
                ended(Refused(503, "machine.busy", $"{request.Subject}: too many such requests are being answered, try again"));
            });
        }

        private void Work()
        {
            line.Working++;
            try
            {
                using var body = Input();
                string[] arguments = ["machine", Flags(), request.Subject, .. request.Arguments];
                _helper = HelperProcess.Start(owner.Loop, request.Subject, arguments, connection, request.IsChange || request.IsSlow ? s_changeLimit : s_limit, Ended, body);
                _helper.Spoke = () =>
                {
                    Hear();
                    // From here on the helper watches itself: content may be of any length.
                    if (HasBegun(_helper.Said)) _helper.LiftLimit();
                };
            }
            catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
            {
                // Not from within the call that asked.
                owner.Loop.Post("machine", () => Over(Refused(503, "machine.failed", $"{request.Subject}: {exception.Message}")));
            }
        }

        private string Flags() => $"-{(request.KeepAlive ? "k" : "")}{(request.IsHead ? "h" : "")}{(request.Access >= Access.Change ? "s" : "")}";

        private FileDescriptor? Input()
        {
            byte[]? content = request.Body;
            if (request.Subject == "ports") content = Encoding.UTF8.GetBytes(owner.KeptSockets());
            if (content is null) return null;
            Sys.MakeMemoryFile("request", out var file).ThrowIfError("memfd_create");
            var errno = Sys.WriteAllAt(file, content, 0);
            if (errno == Errno.None) return file;
            file.Dispose();
            throw new LinuxException(errno, "write", "the body of the request");
        }

        private void Ended(string answer)
        {
            Hear();
            Over(Understand(_helper!.Said, answer));
        }

        // As it comes, since a client that has its answer and goes takes the helper along.
        private void Hear()
        {
            string said = _helper!.Said;
            owner.Heard?.Invoke(said[_heard..]);
            _heard = said.Length;
        }

        private LentAnswer Understand(string said, string answer)
        {
            if (HasBegun(said)) return new LentAnswer(IsWhole: said.EndsWith("\ndone\n", StringComparison.Ordinal));
            if (said.StartsWith("refused ", StringComparison.Ordinal) && said.Split(' ', 5) is { Length: 5 } words
                && int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
                return Refused(status, words[2], words[4].TrimEnd('\n'), words[3]);
            return answer.Contains(": not done within ", StringComparison.Ordinal)
                ? Refused(504, "machine.timeout", answer["error: ".Length..] + (request.IsChange ? ": it may be done in part" : ": something that was asked does not answer"))
                : Refused(500, "machine.failed", $"{request.Subject}: the helper process failed{(answer.Length > 0 ? ": " + answer : "")}");
        }

        private static bool HasBegun(string said) => said.StartsWith("begun\n", StringComparison.Ordinal);

        private static LentAnswer Refused(int status, string error, string message, string errno = "-") => new(false, status, errno == "-"
            ? new ErrorBody(error, message) : new ErrorBody(error, message, new Dictionary<string, string> { ["errno"] = errno }));

        private void Over(LentAnswer answer)
        {
            if (_isOver) return;
            _isOver = true;
            if (!_isUnwanted) ended(answer);
            Leave();
        }

        /// <summary>Makes room for the next.</summary>
        private void Leave()
        {
            line.Working--;
            if (line.IsFull || line.Waiting.Count == 0) return;
            var next = line.Waiting[0];
            line.Waiting.RemoveAt(0);
            next._patience?.Cancel();
            next.Work();
        }

        /// <summary>The client is gone.</summary>
        public void Dispose()
        {
            if (_isOver || _isUnwanted) return;
            _isUnwanted = true;
            if (line.Waiting.Remove(this))
            {
                _patience?.Cancel();
                _isOver = true;
            }
            else if (!request.IsChange)
            {
                _isOver = true;
                _helper?.Dispose();
                Leave();
            }
        }
    }
}
