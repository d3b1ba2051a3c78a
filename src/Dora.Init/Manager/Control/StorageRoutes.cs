using Dora.Core.Protocol.Storage;

namespace Dora.Init.Manager.Control;

/// <summary>The lines of the route table about storage and its disks. The manager knows nothing of either: a helper looks afresh each time.</summary>
internal static class StorageRoutes
{
    private const int LongestWord = 64;
    private static readonly RouteParameter s_token = RouteParameter.Text("token", "of the disk, for what its content forbids");

    public static IReadOnlyList<Route> All { get; } =
    [
        new("GET", "/v1/storage", Access.Read, "where the machine keeps what is to persist", Payload.Of<StorageStatus>(), x => Ask(x, "storage")),
        new("GET", "/v1/storage/scrub", Access.Read, "how far a scrub is, or how the last one ended", Payload.Of<ScrubStatus>(), x => Ask(x, "scrub-status")),
        new("POST", "/v1/storage/scrub", Access.Change, "read all of the storage and compare it with its checksums", Payload.LinesOf<DiskStep>(), x => Change(x, "disk-scrub", [""])),
        new("POST", "/v1/storage/scrub/cancel", Access.Change, "end a scrub that runs", Payload.Of<ScrubStatus>(), x => Change(x, "scrub-cancel", [""])),
        new("GET", "/v1/disks", Access.Change, "all disks, and what storage makes of them", Payload.ListOf<DiskStatus>(), x => Ask(x, "disk-list")),
        new("GET", "/v1/disks/{name}", Access.Change, "a disk, and what storage makes of it", Payload.Of<DiskStatus>(), x => AskDisk(x, "disk-show")),
        new("GET", "/v1/disks/{name}/health", Access.Change, "what a disk says of its own health", Payload.Of<DiskHealth>(), x => AskDisk(x, "disk-health")),
        new("POST", "/v1/disks/{name}/claim", Access.Admin, "make a disk the machine's storage", Payload.LinesOf<DiskStep>(), Claim)
        {
            Parameters =
            [
                RouteParameter.Flag("dry-run", "only tell what would be written"), s_token,
                RouteParameter.Text("file-system", "btrfs or ext4; as the kernel command line says unless told"),
            ],
        },
        new("POST", "/v1/disks/{name}/release", Access.Admin, "let go of a disk, and of what lies on it", Payload.LinesOf<DiskStep>(), Release) { Parameters = [s_token] },
        new("POST", "/v1/disks/{name}/add", Access.Admin, "add an empty disk to the storage", Payload.LinesOf<DiskStep>(), x => ChangeDisk(x, "disk-add")),
        new("POST", "/v1/disks/{name}/remove", Access.Admin, "move what lies on a disk to the others, and let go of it", Payload.LinesOf<DiskStep>(), x => ChangeDisk(x, "disk-remove")),
        new("POST", "/v1/disks/{name}/scrub", Access.Change, "the same of one of its disks", Payload.LinesOf<DiskStep>(), x => ChangeDisk(x, "disk-scrub")),
    ];

    private static void Claim(ControlExchange exchange)
    {
        if (Disk(exchange) is not { } disk || Flag(exchange, "dry-run") is not { } dryRun || Word(exchange, "token") is not { } token) return;
        if (exchange.Target["file-system"] is not (null or "btrfs" or "ext4"))
            exchange.Fail(400, "request.parameter", $"file-system={exchange.Target["file-system"]}: btrfs or ext4 is expected");
        else
            Change(exchange, "disk-claim", [disk, dryRun, token, exchange.Target["file-system"] ?? ""]);
    }

    private static void Release(ControlExchange exchange)
    {
        if (Disk(exchange) is { } disk && Word(exchange, "token") is { } token) Change(exchange, "disk-release", [disk, token]);
    }

    private static void AskDisk(ControlExchange exchange, string subject)
    {
        if (Disk(exchange) is { } disk) Ask(exchange, subject, disk);
    }

    private static void ChangeDisk(ControlExchange exchange, string subject)
    {
        if (Disk(exchange) is { } disk) Change(exchange, subject, [disk]);
    }

    private static void Ask(ControlExchange exchange, string subject, params string[] arguments) =>
        Let(exchange, new InformationRequest(subject, arguments, exchange.Caller.Access, exchange.KeepAlive, exchange.IsHead) { IsSlow = true });

    private static void Change(ControlExchange exchange, string subject, string[] arguments)
    {
        string what = $"{subject.Replace('-', ' ')} {arguments[0]}".TrimEnd();
        Log.Info($"{what}: for uid {exchange.Caller.Uid}{(exchange.Target["dry-run"] == "true" ? ", a dry run" : "")}");
        Let(exchange, new InformationRequest(subject, arguments, exchange.Caller.Access, exchange.KeepAlive, exchange.IsHead) { IsChange = true });
    }

    private static void Let(ControlExchange exchange, InformationRequest request) =>
        exchange.LetAnswer((connection, ended) => exchange.Machine.Information.Answer(request, connection, ended));

    private static string? Flag(ControlExchange exchange, string name) =>
        !Parameter.TryReadFlag(exchange, name, false, out bool value) ? null : value ? "true" : "false";

    /// <summary>Name of a disk as in /sys/block: it becomes part of paths there and in /dev.</summary>
    private static string? Disk(ControlExchange exchange)
    {
        if (IsWord(exchange.Argument, "-_.:!") && exchange.Argument[0] is not ('.' or '-' or '!')) return exchange.Argument;
        exchange.Fail(400, "request.parameter", $"{exchange.Argument}: the name of a disk is expected, such as sda");
        return null;
    }

    private static string? Word(ControlExchange exchange, string name)
    {
        string text = exchange.Target[name] ?? "";
        if (text.Length == 0 || IsWord(text, "-")) return text;
        exchange.Fail(400, "request.parameter", $"{name}: letters, digits and '-' are expected");
        return null;
    }

    private static bool IsWord(string text, string also)
    {
        foreach (char c in text)
            if (!char.IsAsciiLetterOrDigit(c) && !also.Contains(c)) return false;
        return text.Length is > 0 and <= LongestWord;
    }
}
