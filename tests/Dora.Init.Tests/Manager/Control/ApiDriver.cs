using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Control;

namespace Dora.Init.Tests.Manager.Control;

/// <summary>
/// A control server whose clients are played on the loop's own thread: what is sent is cut where the test wants it, the
/// server has read one piece before the next is sent, and the same input gives the same answers. So inputs can be tried by
/// the million, and one that makes trouble can be tried again.
/// </summary>
internal sealed class ApiDriver : IDisposable
{
    /// <summary>After so many turns of the loop a server that waits for nothing has answered.</summary>
    private const int PatienceTurns = 400;

    /// <summary>
    /// What it has closed may yet be open: a child that another test is just starting has copies of all descriptors until it
    /// calls execve(2). So a silence counts only once it has also lasted.
    /// </summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    private readonly EventLoop _loop;
    private readonly List<string> _failures = [];
    private readonly List<string> _log = [];
    private readonly ControlServer _server;
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly MemoryStream _answer = new();
    private IEnumerator<bool>? _script;

    public ApiDriver()
    {
        _loop = new EventLoop { Failed = (owner, exception) => _failures.Add($"{owner}: {exception}") };
        Machine = new FakeMachine(_loop);
        Machine.Information.Delay = TimeSpan.Zero;
        _server = new ControlServer(_loop, Machine, _log.Add);
    }

    public FakeMachine Machine { get; }

    /// <summary>Requests that were answered, over all inputs.</summary>
    public long Answers { get; private set; }

    /// <summary>The last client went before its last answer came: it waited for a change, or for lines that come from elsewhere.</summary>
    public bool LeftEarly { get; private set; }

    /// <summary>Plays clients until <paramref name="script"/> ends: an iterator that gives true to let the loop turn once.</summary>
    public void Run(IEnumerable<bool> script)
    {
        _script = script.GetEnumerator();
        Exception? failure = null;
        void Step()
        {
            try
            {
                if (_script.MoveNext())
                {
                    _loop.Post("test", Step);
                    return;
                }
            }
            catch (Exception exception)
            {
                failure = exception;
            }
            _loop.Stop();
        }
        _loop.Post("test", Step);
        _loop.Run();
        if (failure is not null) throw new AggregateException(failure.Message, failure);
    }

    /// <summary>
    /// One client: sends the input in pieces that end at <paramref name="cuts"/>, shuts its side, and reads to the end. Its
    /// answers' statuses are added to <paramref name="statuses"/>. Throws if the server fails, hangs or talks nonsense.
    /// </summary>
    public IEnumerable<bool> Play(byte[] input, IReadOnlyList<int> cuts, Access access, List<int> statuses)
    {
        Sys.SocketPair(Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK, out var client, out var server).ThrowIfError("socketpair");
        using (client)
        {
            _server.Admit(server, new Caller(access == Access.Admin ? 0u : 1000u, 42, access));
            _answer.SetLength(0);
            LeftEarly = false;
            bool isOver = false;
            for (int i = 0, start = 0; i <= cuts.Count && !isOver; i++)
            {
                int end = i < cuts.Count ? cuts[i] : input.Length;
                // What it does not take any more, because it answers, waits or has hung up, need not be sent.
                if (end > start) isOver = Sys.Write(client, input.AsSpan(start, end - start), out int count) != Errno.None || count < end - start;
                start = end;
                yield return true;
                isOver |= Drain(client);
            }
            if (!isOver)
            {
                _ = Sys.Shutdown(client, Libc.SHUT_WR);
                int turns = 0;
                var since = EventLoop.Now;
                while (!Drain(client))
                {
                    // A wait for a change, or lines that come from elsewhere, may take their time; nothing else may.
                    if (turns++ > PatienceTurns)
                    {
                        LeftEarly = Machine.Waiting + Machine.Information.Waiting > 0 || Machine.LogConnection is { IsOpen: true };
                        if (LeftEarly) break;
                        if (EventLoop.Now - since > s_patience) throw new TimeoutException("the server neither answers nor closes");
                    }
                    yield return true;
                }
            }
            else
            {
                Drain(client);
            }
        }
        var left = EventLoop.Now;
        while (_server.ConnectionCount > 0)
        {
            if (EventLoop.Now - left > s_patience) throw new TimeoutException("the client is gone and its connection is still there");
            yield return true;
        }
        Read(statuses);
        if (_failures.Count > 0) throw new InvalidOperationException(_failures[0]);
        // The one service of the fake machine that breaks is there for that.
        _log.RemoveAll(line => line.Contains("this service breaks the manager"));
        if (_log.Count > 0) throw new InvalidOperationException(_log[0]);
        Machine.Calls.Clear();
        Machine.Information.Asked.Clear();
    }

    private bool Drain(FileDescriptor client)
    {
        while (true)
        {
            var errno = Sys.Read(client, _buffer, out int count);
            if (errno == Errno.EAGAIN) return false;
            if (errno != Errno.None || count == 0) return true;
            _answer.Write(_buffer, 0, count);
        }
    }

    /// <summary>Takes the answers apart as any client would: a status line, fields, and a body of the length that is told.</summary>
    private void Read(List<int> statuses)
    {
        var rest = _answer.GetBuffer().AsSpan(0, (int)_answer.Length);
        while (!rest.IsEmpty)
        {
            int end = rest.IndexOf("\r\n\r\n"u8);
            if (!rest.StartsWith("HTTP/1.1 "u8)) throw new FormatException($"not an answer: {Encoding.Latin1.GetString(rest[..Math.Min(rest.Length, 200)])}");
            if (end < 0) return; // cut off: it hung up on what we sent behind its last answer
            string head = Encoding.ASCII.GetString(rest[..end]);
            int status = int.Parse(head.AsSpan(9, 3));
            rest = rest[(end + 4)..];
            if (status == 100) continue; // whether the body was there already depends on the pieces
            statuses.Add(status);
            Answers++;
            int at = head.IndexOf("\r\nContent-Length: ", StringComparison.Ordinal);
            if (at < 0) return; // a stream: all the rest
            int eol = head.IndexOf('\r', at + 2);
            int length = int.Parse(head.AsSpan((at + 18)..(eol < 0 ? head.Length : eol)));
            // Of HEAD there is the length alone.
            if (rest.IsEmpty || rest.StartsWith("HTTP/1.1 "u8)) continue;
            rest = rest[Math.Min(length, rest.Length)..];
        }
    }

    public void Dispose()
    {
        _server.Dispose();
        _loop.Dispose();
    }
}
