using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The kinds of value that only service files have.
internal sealed partial class SettingValue
{
    private const int MostItems = 256;

    // What a shell would act on. A command that is one text is split at blanks and nothing else happens to it.
    private static readonly System.Buffers.SearchValues<char> s_shellCharacters =
        System.Buffers.SearchValues.Create("\"'\\$`|&;<>*?()[]{}~#!\n");

    public IReadOnlyList<string> Command(bool mayBeInPath = false)
    {
        List<string> command = [];
        if (node is YamlScalar text)
        {
            int special = text.Value.AsSpan().IndexOfAny(s_shellCharacters);
            if (special >= 0)
            {
                Fail($"no shell reads this, and it holds '{Printable.Text(text.Value[special].ToString())}'; write a list: [/bin/sh, -c, '...']");
                return [];
            }
            command.AddRange(text.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        else
        {
            foreach (var word in Words("a list: program and arguments"))
            {
                command.Add(word.Value);
                if (word.Value.Length > LongestText) Fail(word, $"an argument is longer than {LongestText} characters");
            }
            if (node is not YamlList) return [];
        }
        if (command.Count == 0) Fail("is empty; write the program, then its arguments");
        else if (command.Count > MostItems) Fail($"has more than {MostItems} words");
        else if (!mayBeInPath || command[0].Contains('/') || command[0].Length == 0) CheckAbsolute(node is YamlList { Items: [var first, ..] } ? first : node, command[0], "the program");
        return command;
    }

    /// <summary>The name of a group of services; null, and a problem, for anything else.</summary>
    public string? GroupName(List<ServiceReference> references)
    {
        if (node is not YamlScalar word)
        {
            Fail($"expected the name of a service, found {node.Kind}");
            return null;
        }
        if (!ServiceName.IsValid(word.Value, out string reason))
        {
            Fail($"'{Printable.Text(word.Value)}' is not the name of a service: {reason}");
            return null;
        }
        references.Add(new ServiceReference(path, word.Value, word.Position));
        return word.Value;
    }

    /// <summary>Names of other services.</summary>
    public IReadOnlyList<string> ServiceNames(List<ServiceReference> references)
    {
        var names = new List<string>();
        foreach (var word in Words("a list of services"))
        {
            if (!ServiceName.IsReference(word.Value, out string reason))
                Fail(word, $"'{Printable.Text(word.Value)}' is not the name of a service: {reason}");
            else if (names.Contains(word.Value))
                Fail(word, $"'{word.Value}' is there twice");
            else
            {
                names.Add(word.Value);
                references.Add(new ServiceReference(path, word.Value, word.Position));
            }
        }
        if (names.Count > MostItems) Fail($"has more than {MostItems} names");
        return names;
    }

    public int Signal()
    {
        string word = Word("the name of a signal such as TERM");
        if (node is not YamlScalar) return SignalName.Default;
        if (SignalName.TryParse(word, out int number)) return number;
        Fail($"'{Printable.Text(word)}' is not a signal; write its name, such as TERM or HUP"
            + Suggestion.For(word.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? word[3..] : word, SignalName.All));
        return SignalName.Default;
    }

    public uint Umask()
    {
        string word = Word("an octal number such as 022");
        if (node is not YamlScalar) return 0;
        uint value = 0;
        bool isOctal = word.Length is >= 1 and <= 4;
        foreach (char c in word)
        {
            if (c is < '0' or > '7') isOctal = false;
            else value = value * 8 + (uint)(c - '0');
        }
        if (isOctal && value <= 0x1FF) return value;
        Fail($"'{Printable.Text(word)}' is not an octal number from 000 to 777");
        return 0;
    }

    /// <summary>Name or number of a user or group; whether it exists is known when the service starts.</summary>
    public string Account()
    {
        string word = Word("a name or a number");
        if (node is not YamlScalar || AccountName.IsValid(word)) return word;
        Fail($"'{Printable.Text(word)}' is neither a name (a-z, 0-9, '_', '-') nor a number");
        return "";
    }

    public IReadOnlyDictionary<string, string> Environment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Mapping("a mapping of names to values"))
        {
            string shown = Printable.Text(name.Value);
            if (!IsEnvironmentName(name.Value))
                Fail(name, $"'{shown}' is not the name of a variable: letters, digits and '_', and no digit first");
            else if (value is not YamlScalar text)
                Fail(value, $"{shown}: expected a word, found {value.Kind}");
            else if (text.IsNull)
                Fail(name, $"{shown}: has no value; write '' for an empty one");
            else if (text.Value.Length > LongestText)
                Fail(value, $"{shown}: is longer than {LongestText} characters");
            else if (!variables.TryAdd(name.Value, text.Value))
                Fail(name, $"{shown}: is there twice");
        }
        if (variables.Count > MostItems) Fail($"has more than {MostItems} variables");
        return variables;
    }

    public IReadOnlyDictionary<string, ResourceLimit> ResourceLimits()
    {
        var limits = new Dictionary<string, ResourceLimit>(StringComparer.Ordinal);
        foreach (var (name, value) in Mapping("a mapping of limits to values"))
        {
            if (ResourceLimitName.Find(name.Value) is not { } kind)
                Fail(name, $"unknown limit '{Printable.Text(name.Value)}'" + Suggestion.For(name.Value, ResourceLimitName.Names));
            else if (value is not YamlScalar text)
                Fail(value, $"{kind.Name}: expected a word, found {value.Kind}");
            else if (!kind.TryParse(text.Value, out var limit, out string reason))
                Fail(value, $"{kind.Name}: '{Printable.Text(text.Value)}' {reason}");
            else if (!limits.TryAdd(kind.Name, limit))
                Fail(name, $"{kind.Name}: is there twice");
        }
        return limits;
    }

    public RestartPolicy Restart()
    {
        if (node is YamlScalar) return new RestartPolicy { When = Choice(ServiceWords.RestartConditions) };
        if (node is not YamlMapping mapping)
        {
            FailKind(node, "a word or a mapping");
            return new RestartPolicy();
        }
        var policy = MappingReader.Read(mapping, path + ".", RestartKeys.All, new RestartPolicy(), problems, []);
        if (policy.Within > TimeSpan.Zero && policy.Limit == 0)
            Fail("within has no meaning without limit: write how many restarts are too many");
        if (policy.Cap < policy.Delay)
            Fail($"cap ({DurationText.Format(policy.Cap)}) is less than delay ({DurationText.Format(policy.Delay)})");
        return policy;
    }

    /// <summary>A path below /run, without the /run/.</summary>
    public string RuntimeDirectory()
    {
        string directory = Word("a name");
        if (node is YamlScalar && !ServiceName.IsRuntimeDirectory(directory, out string reason))
            Fail($"'{Printable.Text(directory)}' {reason}");
        return directory;
    }

    /// <summary>A terminal by its name in /dev, with or without the /dev/.</summary>
    public string Terminal()
    {
        string name = Word("the name of a terminal");
        if (node is not YamlScalar) return name;
        string below = name.StartsWith("/dev/", StringComparison.Ordinal) ? name[5..] : name;
        if (ServiceName.IsTerminal(below)) return "/dev/" + below;
        Fail($"'{Printable.Text(name)}' is not the name of a terminal in /dev, such as ttyS0");
        return name;
    }

    private IReadOnlyList<KeyValuePair<YamlScalar, YamlNode>> Mapping(string expected)
    {
        if (node is YamlMapping mapping) return mapping.Entries;
        FailKind(node, expected);
        return [];
    }

    internal static bool IsEnvironmentName(string name)
    {
        if (name.Length is 0 or > 128 || char.IsAsciiDigit(name[0])) return false;
        foreach (char c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        return true;
    }
}
