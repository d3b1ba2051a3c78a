using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Linux;
using Dora.Ctl.Output;

namespace Dora.Ctl.Crontabs;

/// <summary>
/// `crontab`, which is dora by another name. Options, messages and exit codes (1 for everything that went wrong) are those
/// that scripts know from other systems. It asks no one: a crontab is a file, and init notices it.
///
/// Only root may change one: no program of this system gains rights by being started, and a request to init would let
/// every user start processes for ever. For the same reason the file is not its user's. He may read it, so that `crontab -l`
/// works, unless others could too: a line may hold a password.
/// </summary>
internal sealed class CrontabProgram(FileDescriptor input, Screen output, Screen error)
{
    public const string Name = "crontab";

    private const string Usage = """
        usage: crontab [-u USER] FILE      put FILE into place ('-' is standard input)
               crontab [-u USER] -l        show it
               crontab [-u USER] -e        edit it (VISUAL, EDITOR or vi)
               crontab [-u USER] -r [-i]   remove it (-i: ask first)
               crontab -n FILE             only check FILE
               -c DIR                      the folder of crontabs, if not /etc/crontabs

        """;

    private static readonly string[] s_answers = ["y", "yes", "n", "no"];

    /// <summary>For tests.</summary>
    internal UserDatabase Accounts { get; init; } = UserDatabase.Load();

    internal uint Caller { get; init; } = Sys.UserId;

    /// <summary>Where an editor gets its copy.</summary>
    internal string CopyFolder { get; init; } = Environment.GetEnvironmentVariable("TMPDIR") is { Length: > 0 } told ? told : "/tmp";

    public int Run(string[] arguments)
    {
        try
        {
            return Do(arguments);
        }
        catch (LinuxException exception)
        {
            return Failed($"crontab: {exception.Message}");
        }
        catch (OutputClosedException closed)
        {
            return closed.Errno == Errno.EPIPE ? ExitCodes.Ok : ExitCodes.Failed;
        }
        finally
        {
            Flush();
        }
    }

    private int Do(string[] arguments)
    {
        if (CrontabRequest.Parse(arguments, out string problem) is not { } request) return Failed($"crontab: {problem}\n{Usage.TrimEnd()}");
        if (request.Verb is CrontabVerb.Help)
        {
            output.Write(Usage);
            return ExitCodes.Ok;
        }
        if (request.Verb is CrontabVerb.Check) return Check(request.File!);
        if (FindUser(request.User, out problem) is not { } user) return Failed(problem);
        var folder = new CrontabFolder(request.Folder);
        if (request.Verb is CrontabVerb.List) return List(folder, user);
        if (Caller != 0)
            return Failed($"crontab: only root can change crontabs on this system: ask for 'crontab -u {user.Name} FILE' (see crontab(1))");
        return request.Verb switch
        {
            CrontabVerb.Edit => new CrontabEditing(this, folder, user).Run(),
            CrontabVerb.Remove => Remove(folder, user, request.Asks),
            _ => Install(folder, user, request.File),
        };
    }

    private UserEntry? FindUser(string? name, out string problem)
    {
        problem = $"crontab: there is no user {Caller} in /etc/passwd";
        var own = Accounts.FindUser(Caller);
        if (name is null) return own;
        problem = "crontab: must be privileged to use -u";
        if (Caller != 0 && name != own?.Name) return null;
        problem = $"crontab: user '{name}' unknown";
        return Accounts.FindUser(name) is { } user && user.Name == name ? user : null;
    }

    private int List(CrontabFolder folder, UserEntry user)
    {
        try
        {
            if (folder.Read(user) is not { } content) return Failed(NoneFor(user));
            output.WriteRaw(content);
            return ExitCodes.Ok;
        }
        catch (LinuxException exception) when (exception.Errno is Errno.EACCES && Caller != 0)
        {
            return Failed($"crontab: only root can show this one: others are in the group of {user.Name}: ask for 'crontab -u {user.Name} -l' (see crontab(1))");
        }
    }

    private int Remove(CrontabFolder folder, UserEntry user, bool asks)
    {
        if (asks && !Ask($"crontab: really delete {user.Name}'s crontab? (y/n) ")) return ExitCodes.Ok;
        return folder.Remove(user) ? ExitCodes.Ok : Failed(NoneFor(user));
    }

    private int Install(CrontabFolder folder, UserEntry user, string? file)
    {
        // Who forgets the file would wait for input, and who then gives up would be left without a crontab.
        if (file is null && Sys.IsTerminal(input)) return Failed($"crontab: a file, or '-' for standard input, is expected\n{Usage.TrimEnd()}");
        return IsInstalled(folder, user, file ?? "-", Content(file ?? "-")) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private int Check(string file)
    {
        if (!IsGood(file, Content(file))) return ExitCodes.Failed;
        output.WriteLine("no errors");
        return ExitCodes.Ok;
    }

    private byte[] Content(string file)
    {
        if (file == "-") return CrontabFolder.ReadAll(input, "standard input");
        Sys.Open(file, Libc.O_RDONLY, 0, out var source).ThrowIfError("open", file);
        using (source) return CrontabFolder.ReadAll(source, file);
    }

    /// <summary>The old one stays where the new one is not good.</summary>
    public bool IsInstalled(CrontabFolder folder, UserEntry user, string file, byte[] content)
    {
        if (!IsGood(file, content))
        {
            Say("errors in crontab file, can't install.");
            return false;
        }
        folder.Write(user, IsAloneInGroup(user), content.Length == 0 || content[^1] == '\n' ? content : [.. content, (byte)'\n']);
        return true;
    }

    private bool IsAloneInGroup(UserEntry user)
    {
        foreach (var other in Accounts.Users)
            if (other.Gid == user.Gid && other.Uid != user.Uid) return false;
        foreach (var group in Accounts.Groups)
            foreach (string member in group.Members)
                if (group.Gid == user.Gid && member != user.Name) return false;
        return user.Gid != 0;
    }

    private bool IsGood(string file, byte[] content)
    {
        var crontab = Crontab.Parse(file, content, isSystem: false);
        foreach (var problem in crontab.Problems) Say(problem.ToString());
        string? last = null;
        foreach (var line in crontab.Lines)
        {
            if (line.Zone is null || line.Zone == last) continue;
            last = line.Zone;
            // It may be there tomorrow, and the job waits for it: no reason to refuse.
            if (ZoneDirectory.Find(last, out string why) is null && !crontab.HasErrors) Say($"{file}:{line.Number}:1: warning: CRON_TZ={last}: {why}: it is not run by itself");
        }
        return !crontab.HasErrors;
    }

    public bool IsInteractive => Sys.IsTerminal(input);

    /// <summary>A question with yes or no for an answer; no where there is none.</summary>
    public bool Ask(string question)
    {
        Span<byte> letter = stackalloc byte[1];
        while (true)
        {
            output.Write(question);
            Flush();
            var line = new StringBuilder();
            bool isEnd;
            while (!(isEnd = Sys.Read(input, letter, out int count) != Errno.None || count == 0) && letter[0] != '\n')
                if (line.Length < 16) line.Append((char)letter[0]);
            int answer = Array.IndexOf(s_answers, line.ToString().Trim().ToLowerInvariant());
            if (answer >= 0 || isEnd) return answer is 0 or 1;
        }
    }

    public void Say(string text) => error.WriteLine(error.Foreign(text));

    public int Failed(string text)
    {
        foreach (string line in text.Split('\n')) Say(line);
        return ExitCodes.Failed;
    }

    public void Flush()
    {
        output.Flush();
        error.Flush();
    }

    public static string NoneFor(UserEntry user) => $"no crontab for {user.Name}";

    /// <summary>What an editor finds where there is none.</summary>
    public static ReadOnlySpan<byte> Empty => "# minute hour day month weekday command\n"u8;
}
