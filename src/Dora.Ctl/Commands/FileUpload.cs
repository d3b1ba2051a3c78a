using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;

namespace Dora.Ctl.Commands;

/// <summary>
/// Content of any length to a file of the machine. What fits one request is written by it, in one step. More goes in
/// pieces to a file beside it, which takes its place, its owner and its permissions in the end; a piece says where it
/// belongs, so one that is sent again, because no answer came, is not there twice.
/// </summary>
internal sealed class FileUpload(DoraClient client, string path, string? mode)
{
    public Answer<FileStatus> Replace(FileDescriptor input)
    {
        byte[] piece = ReadPiece(input);
        if (piece.Length < DoraClient.MostBytesAtOnce) return client.WriteFile(path, piece, mode);

        var before = Existing();
        string target = before is { Type: "link" } ? throw new CommandFailure(ExitCodes.Failed, $"{path}: is a link, and the content is too long for one step: name the file itself") : path;
        string beside = $"{target[..(target.LastIndexOf('/') + 1)]}.dora-upload-{Libc.getpid()}";
        try
        {
            for (long offset = 0; piece.Length > 0; piece = ReadPiece(input))
            {
                Send(beside, piece, offset, "0600");
                offset += piece.Length;
            }
            client.ChangeMode(beside, mode ?? before?.Mode ?? "0644", before?.Uid, before?.Gid);
            return client.MoveFile(beside, target, replace: true);
        }
        catch
        {
            TryRemove(beside);
            throw;
        }
    }

    public Answer<FileStatus> Append(FileDescriptor input)
    {
        byte[] piece = ReadPiece(input);
        if (piece.Length < DoraClient.MostBytesAtOnce) return client.AppendFile(path, piece, mode: mode);
        var answer = client.AppendFile(path, piece, mode: mode);
        while ((piece = ReadPiece(input)).Length > 0) answer = Send(path, piece, answer.Value.SizeBytes, null);
        return answer;
    }

    private Answer<FileStatus> Send(string target, byte[] piece, long offset, string? pieceMode)
    {
        try
        {
            return client.AppendFile(target, piece, offset, pieceMode);
        }
        catch (DoraException failure) when (failure.Failure == DoraFailure.NotReachable)
        {
            // A manager that was replaced in the middle has written it, or not: the offset tells.
            return client.AppendFile(target, piece, offset, pieceMode);
        }
    }

    private FileStatus? Existing()
    {
        try
        {
            return client.File(path).Value;
        }
        catch (DoraException failure) when (failure.Failure == DoraFailure.NotFound)
        {
            return null;
        }
    }

    private void TryRemove(string beside)
    {
        try
        {
            client.RemoveFile(beside);
        }
        catch (DoraException)
        {
            // It may never have come to be; and what went wrong before is what counts.
        }
    }

    private static byte[] ReadPiece(FileDescriptor input)
    {
        var piece = new byte[DoraClient.MostBytesAtOnce];
        int length = 0;
        while (length < piece.Length)
        {
            Sys.Read(input, piece.AsSpan(length), out int count).ThrowIfError("read", "the content");
            if (count == 0) break;
            length += count;
        }
        return length == piece.Length ? piece : piece[..length];
    }
}
