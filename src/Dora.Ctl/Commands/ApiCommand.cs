using System.CommandLine;
using System.Text.Json;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora api METHOD PATH</c>: one request as it is told, and the answer as it comes.</summary>
internal static class ApiCommand
{
    private const int LongestInput = 64 << 20;

    public static Command Build(Binder bind)
    {
        var method = new Argument<string>("METHOD") { Description = "GET, HEAD, POST, PUT or DELETE" };
        var path = new Argument<string>("PATH") { Description = "path and query, such as /v1/services" };
        method.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var word }] && (word.Length is 0 or > 16 || !word.All(char.IsAsciiLetter)))
                result.AddError($"'{word}' is no method: GET, HEAD, POST, PUT or DELETE is expected");
        });
        path.Validators.Add(result =>
        {
            if (result.Tokens is not [{ Value: var text }]) return;
            if (!text.StartsWith('/')) result.AddError($"'{text}' is no path: it begins with '/', such as /v1/services");
            else if (!text.All(c => c is > ' ' and < '\u007f')) result.AddError($"'{text}': spaces and letters beyond ASCII have to be percent-encoded");
        });
        var data = new Option<string?>("--data", "-d") { Description = "body of the request; @FILE reads it from a file, - from stdin", HelpName = "JSON|@FILE|-" };
        var include = new Option<bool>("--include", "-i") { Description = "print status and fields of the answer first" };
        var command = new Command("api", "send a request to init's API and print the answer") { method, path, data, include };
        command.SetAction(bind((context, parsed) =>
            Run(context, parsed.GetValue(method)!.ToUpperInvariant(), parsed.GetValue(path)!, BodyOf(parsed.GetValue(data)), parsed.GetValue(include))));
        return command;
    }

    private static byte[] BodyOf(string? data)
    {
        if (data is null) return [];
        if (data == "-") return ReadAll(new FileDescriptor(0), "stdin");
        if (!data.StartsWith('@')) return System.Text.Encoding.UTF8.GetBytes(data);
        string file = data[1..];
        var errno = Sys.Open(file, Libc.O_RDONLY, 0, out var fd);
        if (errno != Errno.None) throw new CommandFailure(ExitCodes.Failed, $"{file}: {errno.Describe()}");
        using (fd) return ReadAll(fd, file);
    }

    private static byte[] ReadAll(FileDescriptor fd, string name)
    {
        var content = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            var errno = Sys.Read(fd, buffer, out int count);
            if (errno != Errno.None) throw new CommandFailure(ExitCodes.Failed, $"{name}: {errno.Describe()}");
            if (count == 0) return content.ToArray();
            if (content.Length + count > LongestInput) throw new CommandFailure(ExitCodes.Failed, $"{name}: more than 64 MiB");
            content.Write(buffer.AsSpan(0, count));
        }
    }

    private static int Run(Context context, string method, string path, byte[] body, bool include)
    {
        byte last = (byte)'\n';
        bool isFailure = false;
        var refusal = new MemoryStream();
        int status = context.Client.Send(method, path, body, head =>
        {
            isFailure = !head[0].StartsWith("HTTP/1.1 2", StringComparison.Ordinal);
            if (!include) return;
            foreach (string line in head) context.Out.WriteLine(context.Out.Foreign(line));
            context.Out.WriteLine();
            context.Out.Flush();
        }, piece =>
        {
            if (piece.IsEmpty) return;
            if (isFailure && refusal.Length < 64 * 1024) refusal.Write(piece);
            context.Out.WriteRaw(piece);
            last = piece[^1];
        });
        if (context.Out.IsTerminal && last != '\n') context.Out.WriteLine();
        context.Out.Flush();
        return isFailure ? Failed(context.Error, status, refusal.ToArray()) : ExitCodes.Ok;
    }

    /// <summary>The answer has been printed; what is left is the hint and the exit code.</summary>
    private static int Failed(Screen error, int status, byte[] answer)
    {
        ErrorBody? body = null;
        try
        {
            body = JsonMapReader.Read<ErrorBody>(answer);
        }
        catch (JsonException)
        {
            // Not ours, or the answer to HEAD.
        }
        if (Hints.For(body?.Error) is { } hint)
        {
            error.WriteLine($"hint: {hint}");
            error.Flush();
        }
        return status switch
        {
            403 => ExitCodes.NotPermitted,
            404 when body?.Error == "service.not-found" => ExitCodes.NoSuchService,
            _ => ExitCodes.Failed,
        };
    }
}
