using System.Text;
using System.Text.Unicode;

namespace Dora.Core.Configuration.Schedules;

/// <summary>
/// A crontab as crontab(5) has it: variables, comments and lines of a time and a command; in one of the system
/// (/etc/crontab, /etc/cron.d) the user stands between the two. init reads it, and `crontab` before it puts one into place.
///
/// Whoever wrote it may wish the machine ill. So everything has a limit, nothing of it is looked at twice, and what is wrong
/// with one line is that line's business: the others count. A variable holds for the lines below it, as everywhere; they
/// share one dictionary until the next variable.
///
/// Names: a line is known by the first word of its command and a fingerprint of all of it (`backup-3f9c2a`), so that its
/// history survives when other lines come and go, or its own time is changed. The second of two lines with the same
/// command is `-2`.
/// </summary>
internal sealed class Crontab
{
    public const int LargestFile = 64 << 10, MostJobs = 100, MostVariables = 100;

    private const int MostProblems = 20, LongestWord = 16;

    private readonly string _file;
    private readonly bool _isSystem;
    private readonly List<CrontabLine> _lines = [];
    private readonly List<Problem> _problems = [];
    private Dictionary<string, string> _environment = [];
    private bool _isShared; // a line has this dictionary: the next variable makes another
    private string? _zone;
    private int _untold;

    private Crontab(string file, bool isSystem) => (_file, _isSystem) = (file, isSystem);

    public IReadOnlyList<CrontabLine> Lines => _lines;

    /// <summary>Warnings too; the last one says how many more there are.</summary>
    public IReadOnlyList<Problem> Problems => _problems;

    public bool HasErrors
    {
        get
        {
            foreach (var problem in _problems)
                if (!problem.IsWarning) return true;
            return false;
        }
    }

    /// <param name="file">Its name, for messages.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="isSystem">Whether its lines name a user.</param>
    public static Crontab Parse(string file, ReadOnlySpan<byte> content, bool isSystem)
    {
        var crontab = new Crontab(file, isSystem);
        if (content.Length > LargestFile)
        {
            crontab.Add(0, 0, $"is larger than {LargestFile >> 10} KiB");
            return crontab;
        }
        if (content.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) content = content[3..];
        for (int number = 1; !content.IsEmpty; number++)
        {
            int end = content.IndexOf((byte)'\n');
            crontab.ReadLine(number, end < 0 ? content : content[..end]);
            content = end < 0 ? default : content[(end + 1)..];
        }
        if (crontab._untold > 0) crontab._problems.Add(new Problem(file, Position.WholeFile, $"{crontab._untold} more problems of this kind or another"));
        return crontab;
    }

    private void Add(int line, int column, string message, bool isWarning = false)
    {
        if (_problems.Count < MostProblems) _problems.Add(new Problem(_file, new Position(line, column), message, isWarning));
        else _untold++;
    }

    private void ReadLine(int number, ReadOnlySpan<byte> bytes)
    {
        int start = 0;
        while (start < bytes.Length && IsBlank((char)bytes[start])) start++;
        if (start == bytes.Length || bytes[start] is (byte)'#' or (byte)'\r') return;
        int wrong = bytes.IndexOf((byte)0);
        if (wrong >= 0) Add(number, wrong + 1, "has a byte that is zero: is this a text file?");
        else if (bytes[^1] == '\r') Add(number, bytes.Length, "ends with a carriage return: write the file with line ends of Unix");
        else if (!Utf8.IsValid(bytes)) Add(number, 1, "is not UTF-8");
        else
        {
            string line = Encoding.UTF8.GetString(bytes);
            if (char.IsAsciiLetter(line[start]) || line[start] is '_' or '"' or '\'') ReadVariable(number, line, start);
            else ReadJob(number, line, start);
        }
    }

    private static bool IsBlank(char c) => c is ' ' or '\t';

    private static int SkipBlanks(string line, int at)
    {
        while (at < line.Length && IsBlank(line[at])) at++;
        return at;
    }

    private static int SkipWord(string line, int at)
    {
        while (at < line.Length && !IsBlank(line[at])) at++;
        return at;
    }

    private void ReadVariable(int number, string line, int start)
    {
        int equals = line.IndexOf('=');
        string? name = equals < 0 ? null : Unquoted(line[start..equals]);
        if (!IsName(name))
        {
            Add(number, start + 1, $"is neither a variable (NAME=value) nor a job: minute hour day month weekday{(_isSystem ? " user" : "")} command");
            return;
        }
        int from = SkipBlanks(line, equals + 1);
        if (Unquoted(line[from..]) is not { } value) Add(number, from + 1, "the quote is not closed");
        else if (name is "LOGNAME" or "USER") Add(number, start + 1, $"{name} is always that of the user: passed over", isWarning: true);
        else if (_environment.Count == MostVariables && !_environment.ContainsKey(name!)) Add(number, start + 1, $"there are more than {MostVariables} variables");
        else
        {
            if (name == "CRON_TZ") ReadZone(number, from + 1, value);
            if (_isShared) _environment = new Dictionary<string, string>(_environment);
            _isShared = false;
            _environment[name!] = value;
        }
    }

    // Where it is none, the lines below have to wait for it to be mended: another zone is another time.
    private void ReadZone(int number, int column, string value)
    {
        _zone = value.Length == 0 ? null : value;
        if (_zone is null || ZoneDirectory.IsPossible(value, out string reason)) return;
        Add(number, column, $"CRON_TZ: '{Printable.Text(value)}': {reason}");
        _zone = "unknown";
    }

    /// <summary>Without blanks around it, and without quotes if it has them; null if it has only one.</summary>
    private static string? Unquoted(string text)
    {
        text = text.Trim(' ', '\t');
        if (text.Length == 0 || text[0] is not ('"' or '\'')) return text;
        return text.Length > 1 && text[^1] == text[0] ? text[1..^1] : null;
    }

    private static bool IsName(string? name)
    {
        if (string.IsNullOrEmpty(name) || char.IsAsciiDigit(name[0])) return false;
        foreach (char c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        return true;
    }

    private void ReadJob(int number, string line, int start)
    {
        int end = start, next = start;
        for (int field = line[start] == '@' ? 4 : 0; field < 5 && next < line.Length; field++)
        {
            end = SkipWord(line, next);
            next = SkipBlanks(line, end);
        }
        if (CronExpression.Parse(line[..end], out int column, out string problem) is not { } time)
        {
            Add(number, column, problem);
            return;
        }
        string? user = null;
        if (_isSystem)
        {
            end = SkipWord(line, next);
            user = line[next..end];
            next = SkipBlanks(line, end);
        }
        if (next == line.Length) Add(number, end + 1, _isSystem ? "a user and a command are expected behind the time" : "a command is expected behind the time");
        else if (_lines.Count == MostJobs) Add(number, start + 1, $"there are more than {MostJobs} jobs: this one and those below are not run");
        else
        {
            string? input = null;
            string command = UpToPercent(line, next, ref input);
            _isShared = true;
            _lines.Add(new CrontabLine
            {
                Number = number,
                Name = NameOf(line.AsSpan(next)),
                Time = time,
                Zone = _zone,
                User = user,
                Command = command,
                Input = input,
                Environment = _environment,
            });
        }
    }

    /// <summary>The first <c>%</c> ends the command; each further one is a line end of its input; <c>\%</c> is a percent sign.</summary>
    private static string UpToPercent(string line, int at, ref string? input)
    {
        if (line.IndexOf('%', at) < 0) return line[at..];
        var text = new StringBuilder();
        string? command = null;
        for (; at < line.Length; at++)
        {
            if (line[at] == '\\' && at + 1 < line.Length && line[at + 1] == '%') text.Append(line[++at]);
            else if (line[at] != '%') text.Append(line[at]);
            else if (command is not null) text.Append('\n');
            else
            {
                command = text.ToString();
                text.Clear();
            }
        }
        if (command is null) return text.ToString();
        if (text.Length > 0 && text[^1] != '\n') text.Append('\n');
        input = text.ToString();
        return command;
    }

    private string NameOf(ReadOnlySpan<char> command)
    {
        // The first word without its folder; one that sets a variable may hold a secret.
        int end = command.IndexOfAny(' ', '\t');
        var word = end < 0 ? command : command[..end];
        if (word.Contains('=')) word = default;
        word = word[(word.LastIndexOf('/') + 1)..];
        var name = new StringBuilder();
        foreach (char c in word)
            if (name.Length < LongestWord && (char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')) name.Append(c);
        if (name.Length == 0) name.Append("job");
        ulong print = Fingerprint.Of(command);
        name.Append($"-{(print ^ print >> 24 ^ print >> 48) & 0xFFFFFF:x6}");
        string found = name.ToString();
        for (int same = 2; IsTaken(found); same++) found = $"{name}-{same}";
        return found;
    }

    private bool IsTaken(string name)
    {
        foreach (var line in _lines)
            if (line.Name == name) return true;
        return false;
    }
}
