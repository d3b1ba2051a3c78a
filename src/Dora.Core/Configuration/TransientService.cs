using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>
/// A service that is asked for at run time (<c>dora run</c>, <c>POST /v1/run</c>): the text of a service file, YAML or the
/// same as JSON, read by the same tables, so every setting of a process means what it means in a file. It is a oneshot
/// that is started once and forgotten some time after its end; what makes no sense for such a one is refused.
/// </summary>
internal static class TransientService
{
    public const int LongestText = 16 * 1024;

    private const string Source = "request"; // where a file's messages have its path

    private static readonly string[] s_refused =
    [
        "type", "for-each", "start", "restart", "notify", "sockets", "per-connection", "max-connections", "max-connections-per-source",
        "when-full", "poll-limit", "socket-stdin", "logger", "on", "schedule", "before",
    ];

    public static ServiceFile Read(string name, ReadOnlySpan<byte> text)
    {
        var problems = new ProblemList(Source);
        ServiceSettings? settings = null;
        if (!ServiceName.IsValid(name, out string reason)) problems.Add(Position.WholeFile, $"'{Printable.Text(name)}' is not the name of a service: {reason}");
        else if (text.Length > LongestText) problems.Add(Position.WholeFile, $"is longer than {LongestText} bytes");
        else if (YamlReader.Read(text, problems) is not { } root) settings = null; // the problems say why
        else if (root is YamlMapping mapping) settings = ReadSettings(mapping, name, problems);
        else problems.Add(root.Position, $"expected keys such as 'command: [/usr/bin/make]', found {root.Kind}");
        return new ServiceFile(name, problems.HasErrors ? null : settings, problems.InOrder());
    }

    /// <summary>
    /// The same for an interactive session: without a command it is a shell, and a command is looked for in PATH. In the
    /// surroundings of a service (<paramref name="target"/>) it takes over what that service's file says of its process,
    /// and what would make surroundings of its own is refused.
    /// </summary>
    public static ServiceFile ReadSession(string name, ReadOnlySpan<byte> text, ServiceSettings? target)
    {
        var problems = new ProblemList(Source);
        ServiceSettings? settings = null;
        if (text.Trim(" \t\r\n"u8).IsEmpty) text = "{}"u8;
        if (!ServiceName.IsValid(name, out string reason)) problems.Add(Position.WholeFile, $"'{Printable.Text(name)}' is not the name of a service: {reason}");
        else if (text.Length > LongestText) problems.Add(Position.WholeFile, $"is longer than {LongestText} bytes");
        else if (YamlReader.Read(text, problems) is not { } root) settings = null; // the problems say why
        else if (root is YamlMapping mapping) settings = SessionSettings.Read(mapping, name, target, problems);
        else problems.Add(root.Position, $"expected keys such as 'command: [/bin/sh]', found {root.Kind}");
        return new ServiceFile(name, problems.HasErrors ? null : settings, problems.InOrder());
    }

    private static ServiceSettings ReadSettings(YamlMapping mapping, string name, ProblemList problems)
    {
        var start = Start(name);
        var given = new Dictionary<string, Position>();
        var draft = MappingReader.Read(mapping, "", ServiceKeys.All, new ServiceDraft(start, []), problems, given);
        RefuseKeys(given, problems);
        if (!given.ContainsKey("command")) problems.Add(mapping.Position, "command: is missing; name the program, such as command: [/usr/bin/make, all]");
        if (!problems.HasErrors) ServiceContradictions.Check(draft.Settings, given, problems);
        var settings = draft.Settings with { References = draft.References };
        return settings.Description.Length > 0 ? settings : settings with { Description = Describe(settings.Command) };
    }

    /// <summary>A oneshot that may take as long as it likes.</summary>
    internal static ServiceSettings Start(string name) => new()
    {
        Name = name,
        File = "",
        Command = [],
        Type = ServiceType.Oneshot,
        Start = StartCondition.Demand,
        Restart = new RestartPolicy { When = RestartCondition.Never },
        StartTimeout = DurationText.Endless,
    };

    internal static void RefuseKeys(Dictionary<string, Position> given, ProblemList problems)
    {
        foreach (string key in s_refused)
            if (given.TryGetValue(key, out var position)) problems.Add(position, $"{key}: makes no sense for a command that is run once");
    }

    internal static string Describe(IReadOnlyList<string> command)
    {
        const int longest = 100;
        string words = string.Join(' ', command).Replace('\n', ' ');
        return words.Length > longest ? words[..longest] + "..." : words;
    }
}
