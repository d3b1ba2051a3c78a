using System.Text;

namespace Dora.Core.Configuration;

/// <summary>
/// Makes instances of a template (a service with <c>for-each</c>): <c>%i</c> becomes the argument and <c>%%</c> a percent
/// sign in command, environment, tty, runtime-directory, description, directory, unless, the paths of <see cref="ProcessSettings"/>
/// and the names of other services. In services without <c>for-each</c> a percent
/// sign is itself, so <c>date +%s</c> needs no care there.
/// </summary>
public static class ServiceTemplate
{
    /// <summary>The instance of <paramref name="template"/> for <paramref name="argument"/>, named <c>template@argument</c>.</summary>
    /// <exception cref="ArgumentException">It is no template, or the argument is not one that <see cref="IsArgument"/> accepts.</exception>
    public static ServiceSettings Instantiate(ServiceSettings template, string argument)
    {
        if (template.ForEach is InstanceSource.None) throw new ArgumentException($"{template.Name} is not a template");
        if (!IsArgument(argument)) throw new ArgumentException($"'{Printable.Text(argument)}' cannot be the argument of an instance");
        var command = new string[template.Command.Count];
        for (int i = 0; i < command.Length; i++) command[i] = Expand(template.Command[i], argument);
        var environment = new Dictionary<string, string>(template.Environment.Count, StringComparer.Ordinal);
        foreach (var (name, value) in template.Environment) environment.Add(name, Expand(value, argument));
        return template with
        {
            Name = $"{template.Name}@{argument}",
            ForEach = InstanceSource.None,
            Description = Expand(template.Description, argument),
            Needs = ExpandAll(template.Needs, argument),
            Wants = ExpandAll(template.Wants, argument),
            After = ExpandAll(template.After, argument),
            Before = ExpandAll(template.Before, argument),
            Milestone = ExpandAll(template.Milestone, argument),
            OnFailure = template.OnFailure.Service is { } handler ? new(false, Expand(handler, argument)) : template.OnFailure,
            Command = command,
            Environment = environment,
            Terminal = template.Terminal is null ? null : Expand(template.Terminal, argument),
            RuntimeDirectory = template.RuntimeDirectory is null ? null : Expand(template.RuntimeDirectory, argument),
            Directory = Expand(template.Directory, argument),
            Unless = template.Unless is null ? null : Expand(template.Unless, argument),
            Process = template.Process.WithPaths(path => Expand(path, argument)),
            Ready = template.Ready?.With(text => Expand(text, argument)),
            Health = template.Health?.With(text => Expand(text, argument)),
            PreStart = ExpandAll(template.PreStart, argument),
            StopCommand = ExpandAll(template.StopCommand, argument),
            PostStop = ExpandAll(template.PostStop, argument),
            ReloadCommand = ExpandAll(template.ReloadCommand, argument),
        };
    }

    /// <summary>Whether an instance may have this argument: 1 to 64 printable characters of ASCII, no '/', not <c>.</c> or <c>..</c>.</summary>
    public static bool IsArgument(string argument) => ServiceName.IsArgument(argument);

    /// <summary>Percent signs of a template that stand for nothing.</summary>
    internal static IEnumerable<string> Problems(ServiceSettings template)
    {
        foreach (string word in template.Command)
            if (Unknown(word) is { } found) yield return Message("command", found);
        foreach (var (name, value) in template.Environment)
            if (Unknown(value) is { } found) yield return Message($"environment: {name}", found);
        foreach (var (key, value) in new[] { ("description", template.Description), ("tty", template.Terminal), ("runtime-directory", template.RuntimeDirectory), ("directory", template.Directory), ("unless", template.Unless) })
            if (value is not null && Unknown(value) is { } found) yield return Message(key, found);
        var paths = new List<string>();
        template.Process.WithPaths(path =>
        {
            if (Unknown(path) is { } found) paths.Add(Message("the path '" + Printable.Text(path) + "'", found));
            return path;
        });
        foreach (string message in paths) yield return message;
        foreach (var (key, names) in new[] { ("needs", template.Needs), ("wants", template.Wants), ("after", template.After), ("before", template.Before), ("milestone", template.Milestone) })
            foreach (string name in names)
                if (Unknown(name) is { } found) yield return Message(key, found);
        if (template.OnFailure.Service is { } handler && Unknown(handler) is { } sign) yield return Message("on-failure", sign);
        foreach (var (key, words) in HelperWords(template))
            foreach (string word in words)
                if (Unknown(word) is { } found) yield return Message(key, found);
    }

    private static (string Key, IReadOnlyList<string> Words)[] HelperWords(ServiceSettings template) =>
    [
        ("pre-start", template.PreStart), ("stop-command", template.StopCommand), ("post-stop", template.PostStop), ("reload-command", template.ReloadCommand),
        ("ready", template.Ready is { } ready ? [ready.Path, .. ready.Command] : []), ("health", template.Health is { } health ? [health.Path, .. health.Command] : []),
    ];

    private static string Message(string key, string found) =>
        $"{key}: '{Printable.Text(found)}' has no meaning in a template: %i is the instance's argument, %% a percent sign";

    private static string? Unknown(string text)
    {
        for (int i = text.IndexOf('%'); i >= 0; i = i + 2 <= text.Length ? text.IndexOf('%', i + 2) : -1)
            if (i + 1 == text.Length || text[i + 1] is not ('i' or '%')) return text[i..Math.Min(i + 2, text.Length)];
        return null;
    }

    private static IReadOnlyList<string> ExpandAll(IReadOnlyList<string> names, string argument)
    {
        if (names.Count == 0) return names;
        var expanded = new string[names.Count];
        for (int i = 0; i < expanded.Length; i++) expanded[i] = Expand(names[i], argument);
        return expanded;
    }

    private static string Expand(string text, string argument)
    {
        if (!text.Contains('%')) return text;
        var result = new StringBuilder(text.Length + argument.Length);
        for (int i = 0; i < text.Length; i++)
        {
            char next = i + 1 < text.Length ? text[i + 1] : '\0';
            if (text[i] != '%' || next is not ('i' or '%'))
            {
                result.Append(text[i]);
                continue;
            }
            if (next == 'i') result.Append(argument);
            else result.Append('%');
            i++;
        }
        return result.ToString();
    }
}
