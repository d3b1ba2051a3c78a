using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Core.Client;

/// <summary>Interactive sessions: a connection that becomes one of frames (<see cref="SessionFrame"/>).</summary>
public sealed partial class DoraClient
{
    /// <summary>Opens a session; returns when its command runs.</summary>
    internal DoraSession OpenSession(string query, byte[] service) => Upgrade($"/v1/exec{query}", service);

    /// <summary>Takes part in a session that runs.</summary>
    internal DoraSession Attach(string name, string query) => Upgrade($"/v1/services/{Escape(name)}/attach{query}", []);

    private DoraSession Upgrade(string path, byte[] body)
    {
        var fd = Connect();
        try
        {
            byte[] head = Encoding.ASCII.GetBytes(
                $"POST {path} HTTP/1.1\r\nHost: dora\r\nConnection: Upgrade\r\nUpgrade: {SessionFrame.Protocol}\r\nContent-Length: {body.Length}\r\n\r\n");
            if (WriteAll(fd, head)) _ = WriteAll(fd, body);
            var reader = new HttpResponseReader();
            var answer = new MemoryStream();
            var buffer = new byte[16 * 1024];
            byte[] rest = [];
            while (!reader.IsComplete && reader.Error is null)
            {
                if (Sys.WaitReadable(fd, Sys.TimeSinceBoot() + s_answerLimit) == Errno.ETIMEDOUT)
                    throw new DoraException(DoraFailure.NotReachable, $"{socketPath}: no answer within {s_answerLimit.TotalSeconds} s: the manager hangs, or the session waits for what it needs");
                var errno = Sys.Read(fd, buffer, out int count);
                if (errno != Errno.None || count == 0)
                {
                    reader.End();
                    break;
                }
                int taken = reader.Feed(buffer.AsSpan(0, count), piece => answer.Write(piece));
                rest = buffer[taken..count];
            }
            if (!reader.IsComplete || reader.Error is not null)
                throw new DoraException(DoraFailure.NotReachable, $"{socketPath}: {reader.Error ?? "the connection ended before the session began"}");
            if (reader.Status != 101) throw Failure(reader.Status, answer.ToArray());
            string? Field(string name) => reader.Fields[name.ToLowerInvariant()];
            return new DoraSession(fd, Field(SessionFrame.NameField) ?? "", Field(SessionFrame.TerminalField) == "true", Field(SessionFrame.DetachableField) == "true", rest);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }
}

/// <summary>A session as its client has it.</summary>
/// <param name="Connection">Frames both ways.</param>
/// <param name="Name">The service that it is.</param>
/// <param name="IsTerminal">Whether the command has a terminal.</param>
/// <param name="IsDetachable">Whether it goes on without clients.</param>
/// <param name="Rest">Frames that came with the answer.</param>
internal sealed record DoraSession(FileDescriptor Connection, string Name, bool IsTerminal, bool IsDetachable, byte[] Rest) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Connection.Dispose();
}
