using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>
/// The client's connection, lent to a helper process by the manager, and what the helper tells the manager of it on its
/// standard output: <c>begun</c> before the first byte of an answer, <c>done</c> behind the last, or instead of both
/// <c>refused STATUS NAME ERRNO MESSAGE</c>, and the manager answers.
///
/// The helper ends itself by SIGALRM when nothing has moved for a while: the manager, which ends it otherwise, may be
/// gone. Whoever reads too slowly is cut off as by the manager.
/// </summary>
internal sealed class LentConnection(bool keepsAlive, bool isHead)
{
    private const int Number = 3;
    private const int LongestMessage = 3500; // less than what the manager reads at all
    private const int AnswerStallSeconds = 10, ContentStallSeconds = 30;

    private readonly FileDescriptor _client = new(Number);
    private readonly FileDescriptor _manager = new(1);
    private int _stallSeconds = AnswerStallSeconds;
    private bool _isClientGone;

    public bool IsHead => isHead;

    /// <summary>What the manager is told together with <c>begun</c>: a line.</summary>
    public string? Note { get; set; }

    public void Reply<T>(T body) where T : class, IJsonMapped<T> => Reply(JsonMapWriter.Write(body));

    public void ReplyList<T>(IReadOnlyList<T> body) where T : class, IJsonMapped<T> => Reply(JsonMapWriter.WriteList(body));

    private void Reply(byte[] json)
    {
        Array.Resize(ref json, json.Length + 1);
        json[^1] = (byte)'\n';
        Begin();
        if (Send(HttpResponse.Format(200, HttpResponse.Json, json, keepsAlive, isHead))) End();
    }

    /// <summary>Writes the head of an answer of bytes; without a length it ends with the connection.</summary>
    public bool BeginBytes(long? length)
    {
        _stallSeconds = ContentStallSeconds; // the file may be slow too
        Begin();
        string fields = length is { } bytes ? $"Content-Length: {bytes}\r\nConnection: {(keepsAlive ? "keep-alive" : "close")}" : "Connection: close";
        return Send(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: {HttpResponse.Bytes}\r\n{fields}\r\nCache-Control: no-store\r\n\r\n"));
    }

    /// <summary>Writes the head of an answer of lines, which ends with the connection.</summary>
    public void BeginLines()
    {
        Begin();
        SendLine(HttpResponse.StreamHead(HttpResponse.Ndjson));
    }

    /// <summary>Tells the client how far it is. The work goes on whatever becomes of the client: one that is gone, or takes nothing for a while, is told no more.</summary>
    public void SendLine(ReadOnlySpan<byte> line)
    {
        while (!_isClientGone && !line.IsEmpty)
        {
            var errno = Sys.Write(_client, line, out int count);
            if (errno == Errno.EAGAIN)
            {
                Span<Libc.pollfd> fds = [new Libc.pollfd { fd = Number, events = (short)Libc.EPOLLOUT }];
                errno = Sys.Poll(fds, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(AnswerStallSeconds));
                _isClientGone = errno is not (Errno.None or Errno.EINTR) || (errno == Errno.None && fds[0].revents == 0);
                continue;
            }
            _isClientGone = errno != Errno.None;
            line = line[count..];
        }
    }

    /// <summary>Gives the client bytes; false when it is gone or takes none for too long.</summary>
    public bool Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Sys.Alarm(_stallSeconds);
            var errno = Sys.Write(_client, bytes, out int count);
            if (errno == Errno.EAGAIN)
            {
                // Our alarm ends a wait that is too long.
                Span<Libc.pollfd> fds = [new Libc.pollfd { fd = Number, events = (short)Libc.EPOLLOUT }];
                _ = Sys.Poll(fds, null);
                continue;
            }
            if (errno != Errno.None) return false;
            bytes = bytes[count..];
        }
        return true;
    }

    /// <summary>The answer is complete, and whole: the manager may read the next request.</summary>
    public void End() => Say("done");

    /// <summary>There will be no answer from here.</summary>
    public void Refuse(int status, string error, Errno errno, string message)
    {
        Say($"refused {status} {error} {(errno == Errno.None ? "-" : errno.ToString())} {Printable.Text(message, LongestMessage)}");
    }

    /// <summary>What a system call on a file of other people has said, as an answer.</summary>
    public void Refuse(Errno errno, string message) => Refuse(errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => 404,
        Errno.ENOSPC or Errno.EDQUOT => 507,
        Errno.EIO or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE or Errno.ESTALE or Errno.ETIMEDOUT or Errno.EHOSTUNREACH => 503,
        _ => 409,
    }, errno switch
    {
        Errno.ENOENT or Errno.ENOTDIR => "file.not-found",
        Errno.ENOSPC or Errno.EDQUOT => "file.no-space",
        Errno.EEXIST or Errno.ENOTEMPTY => "file.exists",
        Errno.EIO or Errno.ENOMEM or Errno.EMFILE or Errno.ENFILE or Errno.ESTALE or Errno.ETIMEDOUT or Errno.EHOSTUNREACH => "file.failed",
        _ => "file.refused",
    }, errno, $"{message}: {errno.Describe()}");

    private void Begin()
    {
        Say("begun");
        if (Note is not null) Say(Note);
    }

    /// <summary>Tells the manager a line.</summary>
    public void Say(string line) => _ = Sys.Write(_manager, Encoding.UTF8.GetBytes(line + "\n"), out _);
}
