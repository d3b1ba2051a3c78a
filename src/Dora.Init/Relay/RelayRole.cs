using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Relay;

/// <summary>
/// <c>init relay</c>: the main process of an interactive session. Its own child is the command; its exit is the command's.
/// It stays root and outside of whatever the command is put into, with the client's connection, the socket for further
/// clients and the command's streams, and nothing else: what the session's user may reach, trace or starve is the command.
/// </summary>
internal static class RelayRole
{
    // As dora tells them apart, and shells.
    private const int NotLaunched = 125, NotExecutable = 126, NotFound = 127;

    public static int Run()
    {
        using var client = new FileDescriptor(RelayParameters.ClientNumber);
        var attach = new FileDescriptor(RelayParameters.AttachNumber);
        RelayParameters parameters;
        using (var file = new FileDescriptor(RelayParameters.ParametersNumber)) parameters = RelayParameters.FromFile(file);
        // The command gets what its plan places, and nothing of ours: dup3(2) made these without close-on-exec.
        for (int number = RelayParameters.ClientNumber; number <= parameters.LastNumber; number++) _ = Sys.KeepAtExec(number, false);

        string? failure;
        int code = NotLaunched;
        try
        {
            var result = RelayCommand.Start(parameters, out var command);
            if (result.Succeeded)
            {
                CloseSurroundings(parameters);
                return End(new RelayProcess(parameters, command, client, attach).Run());
            }
            failure = result.Failure;
            if (result.IsExecute) code = result.Errno == Errno.ENOENT ? NotFound : NotExecutable;
            Refuse(client, result.IsExecute ? "session.exec-failed" : "session.launch-failed", failure!, result.Errno);
        }
        catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
        {
            failure = $"{parameters.Name}: {exception.Message}";
            Refuse(client, "session.launch-failed", failure, (exception as LinuxException)?.Errno ?? Errno.None);
        }
        // For the log of the session.
        _ = Sys.Write(new FileDescriptor(2), Encoding.UTF8.GetBytes(failure + "\n"), out _);
        return code;
    }

    private static void CloseSurroundings(RelayParameters parameters)
    {
        for (int number = RelayParameters.FirstFreeNumber; number <= parameters.LastNumber; number++) new FileDescriptor(number).Dispose();
    }

    private static int End(SessionEnd end)
    {
        if (end.Signal == 0) return end.Code;
        Native.end_by_signal(end.Signal);
        return end.Signal + 128;
    }

    /// <summary>The answer of the API for a command that could not be started. Into an empty buffer; whether it arrives is the client's concern.</summary>
    private static void Refuse(FileDescriptor client, string error, string message, Errno errno)
    {
        var data = new Dictionary<string, string>();
        if (errno != Errno.None) data["errno"] = errno.ToString();
        byte[] json = JsonMapWriter.Write(new ErrorBody(error, message, data));
        _ = Sys.Write(client, HttpResponse.Format(409, HttpResponse.Json, [.. json, (byte)'\n'], keepAlive: false), out _);
    }
}

/// <summary>How the command ended: by a signal, unless that is 0, or with a code.</summary>
internal readonly record struct SessionEnd(int Code, int Signal);
