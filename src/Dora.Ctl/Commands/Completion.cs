using System.CommandLine;
using System.CommandLine.Completions;
using Dora.Core.Client;

namespace Dora.Ctl.Commands;

/// <summary>
/// What may stand where the cursor is: read off the tree of commands, so that a new command completes by itself. An argument
/// or option that is called SERVICE has the names of services, DISK those of disks; FILE, PATH, FOLDER and DIRECTORY are left to the shell.
/// </summary>
internal static class Completion
{
    /// <summary>For the shell: its own completion of files, and of commands.</summary>
    public const string Files = ":file", Commands = ":command";

    /// <param name="root">All commands.</param>
    /// <param name="words">The line behind "dora", up to the cursor; the last is the one that is being typed.</param>
    /// <param name="names">Gives the names of services (SERVICE) or disks (DISK), asked for only where they fit.</param>
    public static IReadOnlyList<string> For(Command root, IReadOnlyList<string> words, Func<string, IEnumerable<string>> names)
    {
        string typed = words.Count > 0 ? words[^1] : "";
        var command = root;
        var options = new List<Option>(root.Options);
        Option? open = null;
        int arguments = 0;
        for (int i = 0; i < words.Count - 1; i++)
        {
            string word = words[i];
            if (word == "--") return command.Name == "run" || command.Name == "exec" ? [i == words.Count - 2 ? Commands : Files] : [];
            if (open is not null)
            {
                open = null;
            }
            else if (word.StartsWith('-') && word.Length > 1)
            {
                open = Find(options, word) is { } option && TakesValue(option) && !word.Contains('=') ? option : null;
            }
            else if (arguments == 0 && Find(command, word) is { } sub)
            {
                command = sub;
                options.AddRange(sub.Options);
            }
            else
            {
                arguments++;
            }
        }
        if (open is not null) return Matching(typed, ValuesOf(open.Name, open.HelpName, open.GetCompletions(CompletionContext.Empty), names));
        if (typed.StartsWith('-')) return Matching(typed, OptionsOf(options));
        var found = new List<string>();
        if (arguments == 0)
            foreach (var sub in command.Subcommands)
                if (!sub.Hidden) found.Add(Item(sub.Name, sub.Description));
        if (ArgumentAt(command, arguments) is { } argument) found.AddRange(ValuesOf(argument.Name, argument.HelpName, argument.GetCompletions(CompletionContext.Empty), names));
        return Matching(typed, found);
    }

    /// <summary>The names of services or disks, or none where nobody answers: a completion has nowhere to complain.</summary>
    public static IEnumerable<string> NamesOf(DoraClient client, string kind)
    {
        var names = new List<string>();
        try
        {
            if (kind == "DISK")
                foreach (var disk in client.Disks().Value) names.Add(Item(disk.Name, disk.Model));
            else
                foreach (var service in client.Services().Value) names.Add(Item(service.Name, service.State));
        }
        catch (DoraException)
        {
            // Then there are no names.
        }
        return names;
    }

    private static IEnumerable<string> ValuesOf(string name, string? helpName, IEnumerable<CompletionItem> given, Func<string, IEnumerable<string>> names)
    {
        var values = new List<string>();
        foreach (var item in given) values.Add(Item(item.Label, item.Documentation));
        if (values.Count > 0) return values;
        string kind = helpName ?? name;
        if (kind is "SERVICE" or "DISK") return names(kind);
        return kind.Contains("FILE") || kind.Contains("PATH") || kind.Contains("FOLDER") || kind.Contains("DIRECTORY") ? [Files] : [];
    }

    private static List<string> OptionsOf(List<Option> options)
    {
        var found = new List<string>();
        foreach (var option in options)
            if (!option.Hidden && option.Name.StartsWith("--", StringComparison.Ordinal)) found.Add(Item(option.Name, option.Description));
        return found;
    }

    private static Argument? ArgumentAt(Command command, int index)
    {
        foreach (var argument in command.Arguments)
        {
            if (index < argument.Arity.MaximumNumberOfValues) return argument;
            index -= argument.Arity.MaximumNumberOfValues;
        }
        return null;
    }

    private static Option? Find(List<Option> options, string word)
    {
        int equals = word.IndexOf('=');
        string name = equals < 0 ? word : word[..equals];
        foreach (var option in options)
            if (option.Name == name || option.Aliases.Contains(name)) return option;
        return null;
    }

    private static Command? Find(Command command, string word)
    {
        foreach (var sub in command.Subcommands)
            if (sub.Name == word || sub.Aliases.Contains(word)) return sub;
        return null;
    }

    private static bool TakesValue(Option option) => option.Arity.MinimumNumberOfValues > 0;

    private static string Item(string value, string? description) => string.IsNullOrEmpty(description) ? value : $"{value}\t{description}";

    private static List<string> Matching(string typed, IEnumerable<string> items)
    {
        var matching = new List<string>();
        foreach (string item in items)
            if (item is Files or Commands || item.StartsWith(typed, StringComparison.Ordinal)) matching.Add(item);
        return matching;
    }
}
