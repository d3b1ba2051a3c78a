using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Sources;
using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Launching;
using Dora.Init.Manager.Startup;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The process of one mount of storage.yaml: `init storage remote keep NAME`, the service mount@NAME. It mounts, tried
/// again for ever with growing pauses, says that it is ready when that has succeeded once, watches, mounts anew what is
/// lost, and unmounts when it is told to end.
///
/// It never touches the mount itself: each call that may wait for the server is a child with a deadline, and what comes
/// of it is the service's status. So it can be stopped at any time.
///
/// What counts as what:
///   no answer within the deadline, or ETIMEDOUT   the server is away; the mount stays, it may come back
///   ESTALE, EIO, ENOTCONN ... twice in a row      the mount is dead: detached, and mounted anew
///   the mount is not there, its device is lost    mounted anew
/// Busy when it is told to end: it stays mounted, and that is said; the end of the machine unmounts it.
/// </summary>
internal sealed class MountKeeper
{
    private const int NotAgain = 125;
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1), s_longestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(30), s_watchAway = TimeSpan.FromSeconds(5), s_answer = TimeSpan.FromSeconds(10);

    // mount(8) takes them for flags of mount(2); the rest is the file system's.
    private static readonly (string Word, ulong Flag)[] s_flags =
        [("noatime", Libc.MS_NOATIME), ("relatime", Libc.MS_RELATIME), ("nosuid", Libc.MS_NOSUID), ("nodev", Libc.MS_NODEV), ("noexec", Libc.MS_NOEXEC), ("ro", Libc.MS_RDONLY), ("rw", 0)];

    private readonly RemoteMount _mount;
    private readonly ulong _flags;
    private readonly string _options;
    private string[]? _link;
    private int _linkPid;
    private string _status = "";

    private string NotePath => SourceMount.NotePath(_mount.Name);

    private string LinkPath => $"/run/dora/link-{_mount.Name}";

    private MountKeeper(RemoteMount mount)
    {
        _mount = mount;
        _flags = mount.IsReadOnly ? Libc.MS_RDONLY : 0;
        string options = "";
        foreach (string word in mount.Options.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (FlagOf(word) is { } flag) _flags |= flag;
            else options = options.Length == 0 ? word : $"{options},{word}";
        }
        _options = options;
    }

    private static ulong? FlagOf(string word)
    {
        foreach (var (known, flag) in s_flags)
            if (known == word) return flag;
        return null;
    }

    public static int Run(string name)
    {
        var file = StorageFile.Load();
        foreach (var problem in file.Problems) Sys.Say(problem.ToString());
        if (file.Find(name) is not { } mount)
        {
            Sys.Say($"{StorageFile.Path}: there is no mount '{Printable.Text(name)}' that can be used");
            return NotAgain;
        }
        return new MountKeeper(mount).Keep();
    }

    private int Keep()
    {
        if (_mount.HasPlace) RemoteAttachment.LoadModules(_mount.Place, KernelCommandLine.Read());
        var pause = s_firstPause;
        while (true)
        {
            // One that a predecessor left (it was killed) is taken over.
            bool isThere = MountTable.TypeAt(_mount.At) is not null;
            string? problem = TakeUp(ref isThere);
            if (problem is null && !isThere) problem = Mount();
            if (problem is not null)
            {
                Sys.Notify($"STATUS=not mounted: {problem}");
                if (_status != problem) Sys.Say($"{_mount.At}: {problem}: trying again");
                _status = problem;
                if (IsTold(pause)) return End();
                pause = pause * 2 < s_longestPause ? pause * 2 : s_longestPause;
                continue;
            }
            _status = "";
            if (isThere && _link is null && Sys.ReadText(LinkPath) is { } link)
            {
                _link = link.Split(' ', 3);
                StartLink();
            }
            if (!isThere) Sys.Say($"{_mount} is mounted on {_mount.At}");
            Sys.Notify($"READY=1\nSTATUS={_mount} on {_mount.At}");
            if (Watch()) return End();
            Detach();
            pause = s_firstPause;
        }
    }

    /// <summary>
    /// Notes by which settings this mount goes, for who compares them with the file. What a predecessor with others has left
    /// mounted in the same place, since it was in use, has to go first.
    /// </summary>
    private string? TakeUp(ref bool isThere)
    {
        string text = _mount.Text();
        if (Sys.ReadText(NotePath) is { } note)
        {
            if (note == text) return null;
            if (isThere && note.Contains($"\nat: {_mount.At}\n", StringComparison.Ordinal))
            {
                if (Child(s_answer, "unmount", _mount.At).Code != 0) return $"{_mount.At} is in use with what {StorageFile.Path} said before";
                isThere = false;
            }
        }
        var errno = Sys.ReplaceFile(NotePath, text);
        return errno == Errno.None ? null : $"write {NotePath}: {errno.Describe()}";
    }

    private string? Mount()
    {
        if (MakeRoom() is { } problem) return problem;
        RemoteResult result;
        if (_mount.Device is { } device) result = Sys.Exists(device) ? new RemoteResult { Device = device } : RemoteResult.Failed($"{device} is not there");
        else result = RemoteAttachment.Try(_mount.Place, _mount.At, _options, _flags, RemoteLimits.Attempt);
        if (result.Problem is not null) return result.Problem;
        if (result.Device is null) return null;
        _link = result.Link;
        var errno = Sys.MakeDirectories(_mount.At, 0x1ED);
        result = errno is Errno.None or Errno.EEXIST
            ? RemoteFileSystem.MountAs(_mount.FileSystem!, result.Device, _mount.At, _flags, _options, RemoteLimits.DeadLink)
            : RemoteResult.Failed($"make folder {_mount.At}: {errno.Describe()}");
        if (!result.Succeeded) ReleaseDevice();
        else if (_link is not null)
        {
            // For a successor, should we be killed.
            _ = Sys.WriteFile(LinkPath, string.Join(' ', _link), Libc.O_CREAT | Libc.O_TRUNC);
            StartLink();
        }
        return result.Problem;
    }

    /// <summary>/mnt and /srv belong to the root image, where nobody can make a folder: the first mount there brings an empty place in RAM.</summary>
    private string? MakeRoom()
    {
        string top = _mount.At[..4];
        if (top is not ("/mnt" or "/srv") || MountTable.TypeAt(top) is not null) return null;
        var errno = Sys.Open("/run/dora", Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder);
        if (errno != Errno.None) return $"open /run/dora: {errno.Describe()}";
        using (folder)
        {
            // Another mount may be about to do the same.
            errno = Sys.Lock(folder, wait: true);
            if (errno == Errno.None && MountTable.TypeAt(top) is null)
                errno = Sys.Mount("tmpfs", top, "tmpfs", Libc.MS_NOSUID | Libc.MS_NODEV, "mode=0755,size=1M");
        }
        return errno == Errno.None ? null : $"make room at {top}: {errno.Describe()}";
    }

    /// <summary>Until it is told to end (true) or the mount is lost (false).</summary>
    private bool Watch()
    {
        bool isAway = false;
        int failures = 0;
        while (true)
        {
            if (IsTold(isAway ? s_watchAway : s_watch)) return true;
            if (MountTable.TypeAt(_mount.At) is null) return Lost("it is not mounted any more");
            if (_linkPid != 0 && Reaper.TryReap(_linkPid, out var exit))
            {
                _linkPid = 0;
                if (exit.Status == NotAgain) return Lost("its connection is lost");
                StartLink();
            }
            var outcome = Child(s_answer, "check", _mount.At);
            var errno = outcome.Code < 0 ? Errno.ETIMEDOUT : (Errno)outcome.Code;
            if (errno is not (Errno.None or Errno.ETIMEDOUT) && ++failures > 1) return Lost(errno.Describe());
            if (errno is Errno.None or Errno.ETIMEDOUT) failures = 0;
            if (isAway == (errno != Errno.None)) continue;
            isAway = !isAway;
            Sys.Say(isAway ? $"{_mount.At}: the server does not answer ({errno.Describe()})" : $"{_mount.At}: the server answers again");
            Sys.Notify($"STATUS={_mount} on {_mount.At}{(isAway ? ": the server does not answer" : "")}");
        }
    }

    private bool Lost(string why)
    {
        Sys.Say($"{_mount.At}: {why}: mounting it anew");
        Sys.Notify($"STATUS=not mounted: {why}");
        return false;
    }

    private void Detach()
    {
        if (MountTable.TypeAt(_mount.At) is not null) _ = Sys.Unmount(_mount.At, Libc.MNT_DETACH);
        ReleaseDevice();
    }

    private int End()
    {
        Sys.Notify("STOPPING=1");
        // Stopped it is still known, with its settings; taken out of the file it is not.
        if (StorageFile.Load() is { Problems.Count: 0 } file && file.Find(_mount.Name) is null) _ = Sys.Unlink(NotePath);
        if (MountTable.TypeAt(_mount.At) is null)
        {
            ReleaseDevice();
            return 0;
        }
        var outcome = Child(s_answer, "unmount", _mount.At);
        if (outcome.Code == 0)
        {
            ReleaseDevice();
            return 0;
        }
        if (outcome.Code == (int)Errno.EBUSY)
        {
            Sys.Say($"{_mount.At}: it is in use and stays mounted");
            return 0;
        }
        Sys.Say($"{_mount.At}: unmount: {(outcome.Code < 0 ? "the server does not answer" : ((Errno)outcome.Code).Describe())}: detached, what was not written is lost");
        Detach();
        return 0;
    }

    // What is connected, is kept connected; the process ends with us.
    private void StartLink()
    {
        if (_link is null) return;
        string[] command = ["init", "storage", "remote", "link", .. _link];
        var launched = Launcher.Launch(new LaunchPlanBuilder("link", command, Program.OwnPath)
            .Step("end with us", SystemCall.prctl, Libc.PR_SET_PDEATHSIG, Libc.SIGKILL).Build(asSibling: false));
        if (launched.Succeeded) _linkPid = launched.Pid;
        else Sys.Say(launched.Failure!);
    }

    private void ReleaseDevice()
    {
        if (_linkPid != 0) _ = Sys.Kill(_linkPid, Libc.SIGKILL);
        while (_linkPid != 0 && !Reaper.TryReap(_linkPid, out _)) _ = Sys.WaitForSignals([Libc.SIGCHLD], TimeSpan.FromSeconds(1));
        _linkPid = 0;
        if (_link is not null) RemoteLink.Of(_link)?.Release();
        _link = null;
        _ = Sys.Unlink(LinkPath);
    }

    private static ChildProgram.Outcome Child(TimeSpan limit, string what, string target) =>
        ChildProgram.Run([Program.OwnPath, "storage", "remote", what, target], limit);

    /// <summary>Whether SIGTERM comes within the time.</summary>
    private static bool IsTold(TimeSpan limit) => Sys.WaitForSignals([Libc.SIGTERM], limit) != 0;
}
