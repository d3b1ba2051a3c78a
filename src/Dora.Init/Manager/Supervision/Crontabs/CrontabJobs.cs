using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision.Crontabs;

/// <summary>
/// The crontabs of legacy programs: /etc/crontab, /etc/cron.d/* and /etc/crontabs/USER. Each line of them is a oneshot with a
/// schedule and a user, and from there on a job like any other.
///
/// - All of them are read again whenever anything has happened in these folders or in /etc (a user may have come), at most
///   once in <see cref="s_pause"/>: they are few and small, and what has not changed is left alone. /etc is on this machine,
///   so the manager reads them itself.
/// - Who may write a crontab may run anything as its user. So a file counts only if nobody else could have written it: a
///   regular file with one name, of root or that user, which no other can write to, in a folder where no other can put it.
/// - What its user may choose (HOME, SHELL, PATH) is looked at by a shell that runs as that user already, and not on the way
///   there: a launch holds up the manager, and a folder or a program may lie where nobody answers.
/// - Nothing is said twice: what is wrong with a file is told when that has changed.
/// </summary>
internal sealed class CrontabJobs : IDisposable
{
    public const int MostJobs = 500;

    private const int MostFiles = 1000;
    private const uint OthersMayWrite = 0x12, Changes = Libc.IN_CLOSE_WRITE | Libc.IN_ATTRIB | Libc.IN_CREATE | Libc.IN_MOVED_TO | Libc.IN_MOVED_FROM | Libc.IN_DELETE;

    /// <summary>Shown to whoever may ask for the state of services: the line itself, which may hold a secret, is the last argument.</summary>
    private static readonly string[] s_command = ["/bin/sh", "-c", "cd -- \"$HOME\" && exec \"$SHELL\" -c \"$1\"", "cron"];

    private static readonly TimeSpan s_settle = TimeSpan.FromMilliseconds(100), s_pause = TimeSpan.FromSeconds(1);

    private readonly Supervisor _supervisor;
    private readonly string _etc;
    private readonly uint _root;
    private readonly byte[] _events = new byte[4096];
    private Dictionary<string, ServiceSettings> _jobs = [], _found = [];
    private Dictionary<string, string> _told = [], _toTell = [];
    private UserDatabase _accounts = null!;
    private string? _slice;
    private FileDescriptor? _inotify;
    private Watch? _watch;
    private LoopTimer? _timer;

    public CrontabJobs(Supervisor supervisor, string etc = "/etc", uint root = 0)
    {
        (_supervisor, _etc, _root) = (supervisor, etc, root);
        if (Sys.OpenInotify(out _inotify) is var errno and not Errno.None)
        {
            Log.Error($"crontabs: inotify_init1: {errno.Describe()}: changes go unnoticed");
            return;
        }
        _watch = supervisor.Loop.Watch(_inotify, Libc.EPOLLIN, "crontabs", _ => Happened());
    }

    /// <summary>Of a crontab, whether or not it is there.</summary>
    public static bool IsName(string name) =>
        name.Contains(':') && (name.StartsWith("cron@", StringComparison.Ordinal) || name.StartsWith("crontab@", StringComparison.Ordinal) || name.StartsWith("cron.d@", StringComparison.Ordinal));

    private void Happened()
    {
        while (Sys.Read(_inotify!, _events, out _) == Errno.None) continue;
        if (_timer is { HasFired: false, IsCancelled: false }) return;
        var soon = EventLoop.Now + s_settle;
        _timer = _supervisor.Loop.At(_timer is { } last && last.Deadline + s_pause > soon ? last.Deadline + s_pause : soon, "crontabs", Look);
    }

    /// <summary>Reads all of them, and makes the jobs what they say. Listens first: what is written in between is seen twice.</summary>
    public void Look()
    {
        if (_supervisor.IsEnding) return;
        string[] folders = [_etc, $"{_etc}/cron.d", $"{_etc}/crontabs"];
        foreach (string folder in folders)
            if (_inotify is not null) _ = Sys.AddWatch(_inotify, folder, Changes, out _);

        _accounts = UserDatabase.Load($"{_etc}/passwd", $"{_etc}/group");
        _slice = _supervisor.Find("cron")?.Settings.Type is ServiceType.Group ? "cron" : null;
        (_found, _toTell) = ([], []);
        Read($"{_etc}/crontab", "crontab@", null);
        foreach (string name in NamesIn(folders[1]))
            if (IsPlain(name)) Read($"{folders[1]}/{name}", $"cron.d@{name}:", null);
        var users = NamesIn(folders[2]);
        // Whoever has many jobs does not take root's place.
        if (users.Remove("root")) users.Insert(0, "root");
        foreach (string name in users)
        {
            if (name[0] is '.' or '#' || name[^1] == '~') continue;
            if (UserOf(name) is { } user) Read($"{folders[2]}/{name}", $"cron@{name}:", user);
            else if (!name.Contains('.')) Tell($"{folders[2]}/{name}", "there is no user of this name: nothing of it is run");
        }
        foreach (var (file, text) in _toTell)
            if (!_told.TryGetValue(file, out string? told) || told != text)
                foreach (string line in text.Split('\n')) Log.Error(line);
        _told = _toTell;
        TakeUp();
    }

    private void TakeUp()
    {
        int changes = 0;
        foreach (var (name, _) in _jobs)
        {
            if (_found.ContainsKey(name)) continue;
            _supervisor.RetireJob(name);
            changes++;
        }
        foreach (var (name, settings) in _found)
        {
            if (_jobs.TryGetValue(name, out var before) && ReferenceEquals(before, settings)) continue;
            _supervisor.SetJob(settings);
            changes++;
        }
        _jobs = _found;
        if (changes > 0) Log.Info($"crontabs: {_jobs.Count} job{(_jobs.Count == 1 ? "" : "s")}");
    }

    // What run-parts(8) takes: neither a backup of an editor nor what a package manager has left.
    private static bool IsPlain(string name)
    {
        foreach (char c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        return true;
    }

    /// <summary>By its name alone: a number is none here.</summary>
    private UserEntry? UserOf(string name) => _accounts.FindUser(name) is { } user && user.Name == name ? user : null;

    private void Tell(string file, string problem) => _toTell[file] = (_toTell.TryGetValue(file, out string? text) ? text + "\n" : "") + $"{Printable.Text(file, 300)}: {problem}";

    private List<string> NamesIn(string folder)
    {
        var errno = Sys.ListDirectory(folder, out var names, MostFiles);
        if (errno == Errno.ENOENT) return [];
        if (errno == Errno.None) errno = Sys.Stat(folder, out var status) is var failed and not Errno.None ? failed
            : status.st_uid != _root || (status.st_mode & OthersMayWrite) != 0 ? Errno.EPERM : Errno.None;
        if (errno == Errno.None) return names;
        Tell(folder, errno switch
        {
            Errno.EPERM => "others than root can put files there: chown root it, and chmod go-w: nothing of it is run",
            Errno.ENOBUFS => $"there are more than {MostFiles} files: nothing of it is run",
            _ => $"{errno.Describe()}: nothing of it is run",
        });
        return [];
    }

    private void Read(string path, string prefix, UserEntry? user)
    {
        var (content, refusal) = Content(path, user?.Uid ?? _root);
        if (refusal is not null) Tell(path, refusal);
        if (content is null) return;
        var crontab = Crontab.Parse(path, content, isSystem: user is null);
        string problems = "";
        foreach (var problem in crontab.Problems) problems += $"\n{problem}";
        if (problems.Length > 0) _toTell[path] = problems[1..];
        foreach (var line in crontab.Lines)
        {
            string owner = user?.Name ?? line.User!;
            // Of /etc/crontab each line names its user, whose name tells more than that of the file.
            string name = (prefix == "crontab@" ? $"{prefix}{owner}:" : prefix) + line.Name;
            if (UserOf(owner) is null) Tell($"{path}:{line.Number}", $"there is no user '{Printable.Text(owner)}': it is not run");
            else if (!ServiceName.IsArgument(name[(name.IndexOf('@') + 1)..])) Tell($"{path}:{line.Number}", $"'{Printable.Text(name)}' cannot be the name of a job: it is not run");
            else if (_found.Count == MostJobs)
            {
                Tell(path, $"there are {MostJobs} jobs already: line {line.Number} and what follows is not run");
                return;
            }
            else _found[name] = JobOf(name, path, owner, line);
        }
    }

    private ServiceSettings JobOf(string name, string path, string user, CrontabLine line)
    {
        var before = _jobs.GetValueOrDefault(name);
        if (before is not null && before.Crontab!.IsSameAs(line) && before.User == user && before.Slice == _slice) return before;
        bool hasItsTimes = before is not null && before.Crontab!.HasTimesOf(line);
        return new ServiceSettings
        {
            Name = name,
            File = path,
            Description = $"line {line.Number} of {path}",
            Type = ServiceType.Oneshot,
            Command = s_command,
            Start = StartCondition.Demand,
            Restart = new RestartPolicy { When = RestartCondition.Never },
            StartTimeout = DurationText.Endless,
            User = user,
            Environment = line.Environment,
            Slice = _slice,
            // The same object: its times are not reckoned anew.
            Schedule = hasItsTimes ? before!.Schedule : new ScheduleSettings { Times = [line.Time], Zone = line.Zone },
            Crontab = line,
        };
    }

    /// <summary>What is in it, or why that does not count; neither if there is no such file.</summary>
    private (byte[]? Content, string? Refusal) Content(string path, uint owner)
    {
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK | Libc.O_NOCTTY, 0, out var file);
        if (errno is Errno.ENOENT) return (null, null);
        if (errno is Errno.ELOOP) return (null, "it is a symbolic link: nothing of it is run");
        if (errno != Errno.None) return (null, $"{errno.Describe()}: nothing of it is run");
        using (file)
        {
            errno = Sys.Stat(file, out var status);
            string? wrong = errno != Errno.None ? errno.Describe()
                : (status.st_mode & Libc.S_IFMT) != Libc.S_IFREG ? "it is not a regular file"
                : status.st_uid != _root && status.st_uid != owner ? $"it belongs to user {status.st_uid}: chown it to root{(owner == _root ? "" : " or its user")}"
                : (status.st_mode & OthersMayWrite) != 0 ? "others can write to it: chmod go-w"
                : status.st_nlink != 1 ? "it has more than one name (hard links)"
                : null;
            if (wrong is not null) return (null, $"{wrong}: nothing of it is run");
            // One more than there may be: the parser tells of that.
            var content = new byte[Math.Clamp(status.st_size, 0, Crontab.LargestFile) + 1];
            int length = 0;
            while (length < content.Length)
            {
                errno = Sys.Read(file, content.AsSpan(length), out int count);
                if (errno != Errno.None) return (null, $"{errno.Describe()}: nothing of it is run");
                if (count == 0) break;
                length += count;
            }
            return (content[..length], null);
        }
    }

    public void Dispose()
    {
        _timer?.Cancel();
        if (_watch is not null) _supervisor.Loop.Unwatch(_watch);
        _inotify?.Dispose();
    }
}
