using System.Globalization;
using Dora.Core.Configuration;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.Control;

/// <summary>The lines of the route table that tell of the machine and its files. Parameters are read here, what they ask for is done elsewhere.</summary>
internal static class MachineRoutes
{
    private static readonly RouteParameter s_path = RouteParameter.Text("path", "an absolute path");
    private static readonly RouteParameter s_mode = RouteParameter.Text("mode", "permissions in octal: 0644");

    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", "/v1/machine/cpu", Access.Read, "processors and their load", Payload.Of<CpuInfo>(), x => Read(x, "cpu")),
        new("GET", "/v1/machine/memory", Access.Read, "memory and what it is used for", Payload.Of<MemoryInfo>(), x => Read(x, "memory")),
        new("GET", "/v1/machine/disks", Access.Read, "disks, their partitions and where they are mounted", Payload.ListOf<DiskInfo>(), x => Read(x, "disks")),
        new("GET", "/v1/machine/nics", Access.Read, "network interfaces and their addresses", Payload.ListOf<NicInfo>(), x => Read(x, "nics")),
        new("GET", "/v1/machine/os", Access.Read, "kernel, distribution, uptime", Payload.Of<OsInfo>(), x => Read(x, "os")),
        new("GET", "/v1/machine/ports", Access.Read, "sockets that listen, and whose they are", Payload.ListOf<PortInfo>(), x => Read(x, "ports")),
        new("GET", "/v1/machine/dmi", Access.Read, "what the firmware says of the machine", Payload.Of<DmiInfo>(), x => Read(x, "dmi")),
        new("GET", "/v1/machine/processes", Access.Read, "all processes", Payload.ListOf<ProcessInfo>(), x => Read(x, "processes")),
        new("GET", "/v1/machine/processes/{pid}", Access.Read, "a process and its limits", Payload.Of<ProcessInfo>(), Process),
        new("POST", "/v1/machine/processes/{pid}/kill", Access.Change, "send a signal to a process", Payload.Of<ProcessSignal>(), Kill)
        {
            Parameters = [RouteParameter.Text("signal", "its name or number; TERM unless told"), RouteParameter.Number("started", "startedAt.bootMs of the process: another one of this number is spared")],
        },

        new("GET", "/v1/machine/files", Access.Admin, "a file, and what is in it if it is a folder", Payload.Of<FileStatus>(), ListFiles) { Parameters = [s_path] },
        new("DELETE", "/v1/machine/files", Access.Admin, "remove a file or folder", Payload.Of<FileStatus>(), RemoveFile)
        {
            Parameters = [s_path, RouteParameter.Flag("recursive", "with all that is in it")],
        },
        new("GET", "/v1/machine/files/content", Access.Admin, "the content of a file", Payload.Plain(HttpResponse.Bytes), ReadFile)
        {
            Parameters = [s_path, RouteParameter.Number("offset", "the first byte; 0 unless told"), RouteParameter.Number("length", "how many bytes; all unless told")],
        },
        new("PUT", "/v1/machine/files/content", Access.Admin, "write a file, as a whole or at its end", Payload.Of<FileStatus>(), WriteFile)
        {
            Parameters = [s_path, s_mode, RouteParameter.Flag("append", "add to the end"), RouteParameter.Number("offset", "with append: where the end must be")],
            Body = Payload.Plain(HttpResponse.Bytes) with { IsOptional = true },
        },
        new("POST", "/v1/machine/files/folder", Access.Admin, "make a folder and those that it is in", Payload.Of<FileStatus>(), MakeFolder) { Parameters = [s_path, s_mode] },
        new("POST", "/v1/machine/files/move", Access.Admin, "give a file another name", Payload.Of<FileStatus>(), MoveFile)
        {
            Parameters = [s_path, RouteParameter.Text("to", "its new path"), RouteParameter.Flag("replace", "what is there already goes")],
        },
        new("POST", "/v1/machine/files/mode", Access.Admin, "change permissions and owner of a file", Payload.Of<FileStatus>(), ChangeMode)
        {
            Parameters = [s_path, s_mode, RouteParameter.Number("uid", "its user"), RouteParameter.Number("gid", "its group")],
        },
    ];

    private const int LongestPath = 4095; // PATH_MAX with its NUL
    private const uint MostMode = 0xFFF; // 7777

    /// <summary>Information without parameters.</summary>
    private static void Read(ControlExchange exchange, string subject) => Ask(exchange, subject, []);

    private static void Process(ControlExchange exchange)
    {
        if (Pid(exchange) is { } pid) Ask(exchange, "process", [pid.ToString()]);
    }

    private static void Kill(ControlExchange exchange)
    {
        string signalName = exchange.Target["signal"] ?? "TERM";
        if (!SignalName.TryParse(signalName, out int signal) && !(Parameter.TryReadNumber(signalName, 64, out signal) && signal > 0))
        {
            Refuse(exchange, $"signal={signalName}: the name of a signal such as TERM, or a number from 1 to 64, is expected");
            return;
        }
        long? started = null;
        if (exchange.Target["started"] is { } text)
        {
            if (!Parameter.TryReadNumber(text, out long ms))
            {
                Refuse(exchange, $"started={text}: startedAt.bootMs of the process is expected");
                return;
            }
            started = ms;
        }
        if (Pid(exchange) is not { } pid) return;
        var outcome = exchange.Machine.Information.Signal(pid, signal, started);
        if (outcome.Sent is { } sent)
        {
            Log.Info($"{pid} ({sent.Name}): {sent.Signal} sent for uid {exchange.Caller.Uid}");
            exchange.Reply(200, sent);
        }
        else exchange.Fail(outcome.Status, outcome.Error, outcome.Message);
    }

    private static void ListFiles(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is { } path) Ask(exchange, "files", [path]);
    }

    private static void ReadFile(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is not { } path) return;
        if (Range(exchange, "offset", 0) is { } offset && Range(exchange, "length", long.MaxValue) is { } length) Ask(exchange, "read", [path, offset, length]);
    }

    private static void WriteFile(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is not { } path || Mode(exchange) is not { } mode || Flag(exchange, "append") is not { } append) return;
        string? offset = exchange.Target["offset"];
        if (offset is not null && append == "false") Refuse(exchange, "offset: belongs to append=true");
        else if (offset is not null && !Parameter.TryReadNumber(offset, out _)) Refuse(exchange, $"offset={offset}: a number of bytes is expected");
        else Change(exchange, append == "true" ? "append" : "write", append == "true" ? [path, mode, offset ?? ""] : [path, mode], exchange.Body);
    }

    private static void RemoveFile(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is { } path && Flag(exchange, "recursive") is { } recursive) Change(exchange, "remove", [path, recursive]);
    }

    private static void MakeFolder(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is { } path && Mode(exchange) is { } mode) Change(exchange, "folder", [path, mode]);
    }

    private static void MoveFile(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is { } path && PathOf(exchange, "to") is { } to && Flag(exchange, "replace") is { } replace) Change(exchange, "move", [path, to, replace]);
    }

    private static void ChangeMode(ControlExchange exchange)
    {
        if (PathOf(exchange, "path") is not { } path || Mode(exchange) is not { } mode || Id(exchange, "uid") is not { } uid || Id(exchange, "gid") is not { } gid) return;
        if (mode.Length + uid.Length + gid.Length == 0) Refuse(exchange, "mode, uid or gid: at least one of them is expected");
        else Change(exchange, "mode", [path, mode, uid, gid]);
    }

    private static void Ask(ControlExchange exchange, string subject, IReadOnlyList<string> arguments) =>
        Let(exchange, new InformationRequest(subject, arguments, exchange.Caller.Access, exchange.KeepAlive, exchange.IsHead));

    private static void Change(ControlExchange exchange, string subject, IReadOnlyList<string> arguments, byte[]? body = null)
    {
        // Of a file that comes in pieces the first is told.
        if (exchange.Target["offset"] is null or "0") Log.Info($"file: {subject} {arguments[0]}: for uid {exchange.Caller.Uid}");
        Let(exchange, new InformationRequest(subject, arguments, exchange.Caller.Access, exchange.KeepAlive, exchange.IsHead) { IsChange = true, Body = body });
    }

    private static void Let(ControlExchange exchange, InformationRequest request) =>
        exchange.LetAnswer((connection, ended) => exchange.Machine.Information.Answer(request, connection, ended));

    // What follows reads one parameter each: null if it has been refused.

    private static int? Pid(ControlExchange exchange)
    {
        if (int.TryParse(exchange.Argument, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0) return pid;
        Refuse(exchange, $"{exchange.Argument}: the number of a process is expected");
        return null;
    }

    private static string? PathOf(ControlExchange exchange, string name)
    {
        string path = exchange.Target[name] ?? "";
        if (path is ['/', ..] && System.Text.Encoding.UTF8.GetByteCount(path) <= LongestPath) return path;
        Refuse(exchange, path.Length == 0 ? $"{name}: is missing" : $"{name}={path}: an absolute path of at most {LongestPath} bytes is expected");
        return null;
    }

    private static string? Mode(ControlExchange exchange)
    {
        if (exchange.Target["mode"] is not { } text) return "";
        if (text.Length <= 5 && MachineInfo.SystemText.TryDigits(text, 8, out long mode) && mode <= MostMode) return text;
        Refuse(exchange, $"mode={text}: permissions as octal digits are expected, such as 0644");
        return null;
    }

    private static string? Id(ControlExchange exchange, string name)
    {
        if (exchange.Target[name] is not { } text) return "";
        if (uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint id) && id != uint.MaxValue) return text;
        Refuse(exchange, $"{name}={text}: a number is expected");
        return null;
    }

    private static string? Range(ControlExchange exchange, string name, long otherwise)
    {
        if (exchange.Target[name] is not { } text) return otherwise.ToString();
        if (Parameter.TryReadNumber(text, out _)) return text;
        Refuse(exchange, $"{name}={text}: a number of bytes is expected");
        return null;
    }

    private static string? Flag(ControlExchange exchange, string name) =>
        !Parameter.TryReadFlag(exchange, name, false, out bool value) ? null : value ? "true" : "false";

    private static void Refuse(ControlExchange exchange, string message) => exchange.Fail(400, "request.parameter", message);
}
