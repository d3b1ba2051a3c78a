using System.Buffers;
using System.Text.Json;

namespace Dora.Ctl.Commands;

/// <summary>What <c>dora run</c> asks for: a service file as JSON. Checked by init, with the reader of service files.</summary>
internal sealed record RunRequest
{
    public string? Name { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public IReadOnlyList<string> Limits { get; init; } = [];
    public IReadOnlyList<string> Variables { get; init; } = [];
    public string? Slice { get; init; }
    public string? User { get; init; }
    public string? Folder { get; init; }
    public string? Timeout { get; init; }

    public byte[] ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (Command.Count > 0)
            {
                json.WriteStartArray("command");
                foreach (string word in Command) json.WriteStringValue(word);
                json.WriteEndArray();
            }
            WritePairs(json, "cgroup", Limits);
            WritePairs(json, "environment", Variables);
            if (Slice is not null) json.WriteString("slice", Slice);
            if (User is not null) json.WriteString("user", User);
            if (Folder is not null) json.WriteString("directory", Folder);
            if (Timeout is not null) json.WriteString("start-timeout", Timeout);
            json.WriteEndObject();
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary><c>NAME=value</c>; false for anything else.</summary>
    public static bool IsPair(string text) => text.IndexOf('=') > 0;

    private static void WritePairs(Utf8JsonWriter json, string name, IReadOnlyList<string> pairs)
    {
        if (pairs.Count == 0) return;
        json.WriteStartObject(name);
        foreach (string pair in pairs)
        {
            int sign = pair.IndexOf('=');
            json.WriteString(pair[..sign], pair[(sign + 1)..]);
        }
        json.WriteEndObject();
    }
}
