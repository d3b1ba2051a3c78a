using System.Globalization;
using System.Text;

namespace Dora.Core.Protocol;

/// <summary>
/// Answers as bytes. No Date header: the clock of a machine that boots may be decades off, and RFC 9110 6.6.1 lets an
/// origin without a clock leave it out.
/// </summary>
internal static class HttpResponse
{
    public const string Json = "application/json";
    public const string Ndjson = "application/x-ndjson";
    public const string Bytes = "application/octet-stream";
    public const string EventStream = "text/event-stream";
    public const string Metrics = "text/plain; version=0.0.4; charset=utf-8";

    public static ReadOnlySpan<byte> Continue => "HTTP/1.1 100 Continue\r\n\r\n"u8;

    /// <summary>The head of a stream: its body goes on until the connection is closed.</summary>
    public static byte[] StreamHead(string contentType) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 200 OK\r\nContent-Type: {contentType}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n");

    /// <summary>The head that begins an interactive session: frames follow it.</summary>
    public static byte[] SessionHead(string name, bool isTerminal, bool isDetachable) => Encoding.ASCII.GetBytes(
        $"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {SessionFrame.Protocol}\r\n"
        + $"{SessionFrame.NameField}: {name}\r\n{SessionFrame.TerminalField}: {(isTerminal ? "true" : "false")}\r\n{SessionFrame.DetachableField}: {(isDetachable ? "true" : "false")}\r\n\r\n");

    /// <summary>
    /// A whole answer. With <paramref name="headOnly"/> (a HEAD request) the length is told and the body left out.
    /// <paramref name="extra"/> is a further field with its value, such as Allow.
    /// </summary>
    public static byte[] Format(int status, string contentType, ReadOnlySpan<byte> body, bool keepAlive, bool headOnly = false,
        (string Name, string Value)? extra = null)
    {
        var head = new StringBuilder(192)
            .Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {ReasonPhrase(status)}\r\n")
            .Append(CultureInfo.InvariantCulture, $"Content-Type: {contentType}\r\nContent-Length: {body.Length}\r\nCache-Control: no-store\r\n");
        if (extra is { } field) head.Append(field.Name).Append(": ").Append(field.Value).Append("\r\n");
        // Told either way: a client of HTTP/1.0 assumes close, one of HTTP/1.1 keep-alive.
        head.Append(keepAlive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
        byte[] bytes = new byte[head.Length + (headOnly ? 0 : body.Length)];
        Encoding.ASCII.GetBytes(head.ToString(), bytes);
        if (!headOnly) body.CopyTo(bytes.AsSpan(head.Length));
        return bytes;
    }

    public static string ReasonPhrase(int status) => status switch
    {
        101 => "Switching Protocols",
        200 => "OK",
        202 => "Accepted",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        413 => "Content Too Large",
        414 => "URI Too Long",
        417 => "Expectation Failed",
        426 => "Upgrade Required",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        507 => "Insufficient Storage",
        _ => "Unknown",
    };
}
