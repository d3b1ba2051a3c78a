using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>One line of <c>GET /v1/logs</c> (NDJSON).</summary>
/// <param name="Time">Wall clock, as <see cref="Moment.Wall"/>.</param>
/// <param name="BootMs">Milliseconds since boot.</param>
/// <param name="Service">Who wrote it: a service's name, <c>kernel</c>, the tag of a syslog message, or <c>@ADDRESS</c> of another machine.</param>
/// <param name="Pid">The writer's process id where it is known.</param>
/// <param name="Stream"><c>output</c>, <c>error</c>, <c>syslog</c>, <c>kernel</c> or <c>remote</c>.</param>
/// <param name="Priority">Severity of syslog(3): 0 is an emergency, 7 debug output.</param>
/// <param name="Message">The text without its line end.</param>
public sealed record LogLine(string Time, long BootMs, string Service, int? Pid, string Stream, int Priority, string Message)
    : IJsonMapped<LogLine>
{
    /// <summary>The line goes on the one before of the same stream, which was too long or came with a pause inside.</summary>
    public bool? Continued { get; init; }

    /// <summary>Facility of syslog(3): 0 is the kernel, 3 a daemon, 10 authpriv.</summary>
    public int? Facility { get; init; }

    /// <summary>Counts all lines of this boot.</summary>
    public long? Sequence { get; init; }

    /// <summary>Of another machine: what it calls itself.</summary>
    public string? Host { get; init; }

    /// <summary>Of another machine: program and process, such as <c>nginx[12]</c>, as it says.</summary>
    public string? Tag { get; init; }

    /// <summary>Of another machine: when it says that it was, where that is not the time at which it came.</summary>
    public string? Sent { get; init; }

    // Written by syslog, byte by byte (LogLineWriter): a line must not cost an object.
    /// <inheritdoc/>
    public static LogLine Map(JsonMap json, LogLine? from) => new(
        json.Text("time", from?.Time) ?? "",
        json.Number("bootMs", from?.BootMs) ?? 0,
        json.Text("service", from?.Service) ?? "",
        json.Integer("pid", from?.Pid),
        json.Text("stream", from?.Stream) ?? "",
        json.Integer("priority", from?.Priority) ?? 0,
        json.Text("message", from?.Message) ?? "")
    {
        Continued = json.Flag("continued", from?.Continued),
        Facility = json.Integer("facility", from?.Facility),
        Sequence = json.Number("sequence", from?.Sequence),
        Host = json.Text("host", from?.Host),
        Tag = json.Text("tag", from?.Tag),
        Sent = json.Text("sent", from?.Sent),
    };
}
