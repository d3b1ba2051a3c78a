using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Shutdown;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>
/// The records of all jobs in one file. A helper writes it, since the disk may not answer: aside, synchronized, renamed. The
/// first change is written at once, and what follows within a minute together, so that a job which runs every second does
/// not wear out a flash disk; a power cut loses at most that minute.
///
/// Nothing is written before what earlier boots and managers wrote is known (<see cref="Found"/>): it may hold records of jobs that are
/// not there at the moment, such as masked ones, and a disk that did not answer at boot may answer later.
///
/// An orderly end loses nothing: once it has begun there is no pause any more, and it waits for the last write
/// (<see cref="Finish"/>), but not for a disk that does not answer. What could not be read or written is tried again, ever more
/// seldom, and with the next change.
/// </summary>
internal sealed class JobHistory(EventLoop loop, Func<string> text) : IDisposable
{
    public const string HelperVerb = "write-jobs", ReadVerb = "read-jobs";

    private const string Folder = "/var/lib/dora/jobs", Place = Folder + "/history", Aside = Place + ".unread", AsideAnswer = "aside: ";
    private const int Largest = 4 << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1), s_longestPause = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30), s_readLimit = TimeSpan.FromSeconds(10), s_endLimit = TimeSpan.FromSeconds(5);

    private TimeSpan? _lastTry;
    private LoopTimer? _timer;
    private IDisposable? _helper;
    private bool _isKnown, _isWriting;
    private bool _isChanged; // since what was written last
    private TimeSpan _retry = s_pause;
    private string? _failure;
    private Action? _finished;

    /// <summary>Whether it is the last chance: no pause any more.</summary>
    public Func<bool>? IsHurried { get; init; }

    /// <summary>Gets what the file holds, before it is written for the first time: at boot, where it is asked for, in any case, with nothing while it cannot be had.</summary>
    public Action<string>? Found { get; set; }

    /// <summary>Stand in for the processes that write and read, in tests.</summary>
    internal Func<FileDescriptor, Action<string>, IDisposable>? Writer { get; init; }

    internal Func<FileDescriptor, Action<string>, IDisposable>? Reader { get; init; }

    /// <summary>Reads it now, and not only before the first write.</summary>
    public void Read()
    {
        _lastTry = EventLoop.Now;
        FileDescriptor? file = null;
        try
        {
            Sys.MakeMemoryFile("pandora-jobs", out file).ThrowIfError("memfd_create");
            _helper = Reader?.Invoke(file, End) ?? HelperProcess.Start(loop, "jobs", [ReadVerb], file, s_readLimit, End);
        }
        catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
        {
            End(exception.Message);
        }

        void End(string answer)
        {
            _helper = null;
            string text = "";
            using (file)
            {
                if (answer == "read") text = Encoding.UTF8.GetString(Reloading.LoadedServices.ReadAll(file!));
            }
            bool isAside = answer.StartsWith(AsideAnswer, StringComparison.Ordinal);
            if (isAside) Log.Warn($"manager: the history of jobs: {answer[AsideAnswer.Length..]}: it is kept as {Aside}, and a new one is begun");
            _isKnown = isAside || answer == "read";
            if (_isKnown) (_lastTry, _retry, _failure) = (null, s_pause, null);
            Found?.Invoke(text);
            if (_isKnown) Flush();
            else Failed(answer);
        }
    }

    /// <summary>In the helper: copies the file to a descriptor; what can never be read makes room.</summary>
    public static string Copy(FileDescriptor target)
    {
        var errno = Sys.ReadFile(Place, out var content, Largest);
        if (errno is Errno.EIO or Errno.EISDIR or Errno.EFBIG or Errno.ELOOP && Sys.Rename(Place, Aside) == Errno.None) return $"{AsideAnswer}{Place}: {errno.Describe()}";
        if (errno == Errno.None) errno = Sys.WriteAllAt(target, content, 0);
        return errno is Errno.None or Errno.ENOENT ? "read" : $"error: {Place}: {errno.Describe()}";
    }

    public void Changed()
    {
        _isChanged = true;
        Arm(s_pause);
    }

    /// <summary>Who has written it before is gone, and nobody knows how far that came: the next write is to be made, at the end of the machine at the latest.</summary>
    public void Doubt() => _isChanged = true;

    /// <summary>What is not written yet, is: at once, if it is the last chance.</summary>
    public void Flush()
    {
        if (_isChanged) Arm(s_pause);
    }

    /// <summary>For the end of the machine: calls <paramref name="then"/> when all is written, or cannot be, or after five seconds.</summary>
    public void Finish(Action then)
    {
        if (!_isChanged && !_isWriting)
        {
            then();
            return;
        }
        var limit = loop.After(s_endLimit, "jobs", () =>
        {
            Log.Warn($"manager: the history of jobs: not written within {s_endLimit.TotalSeconds} s: going on without it");
            _finished = null;
            then();
        });
        _finished = () =>
        {
            limit.Cancel();
            _finished = null;
            then();
        };
        Flush();
    }

    private void Arm(TimeSpan pause)
    {
        if (_helper is not null) return; // it is looked at again when that has ended
        var at = _lastTry is { } last && IsHurried?.Invoke() != true ? last + pause : TimeSpan.Zero;
        if (at < EventLoop.Now) at = EventLoop.Now;
        if (_timer is { HasFired: false, IsCancelled: false } && _timer.Deadline <= at) return;
        _timer?.Cancel();
        // Never in the middle of what changes: one write for all of it.
        _timer = loop.At(at, "jobs", () =>
        {
            if (_isKnown) Write();
            else Read();
        });
    }

    private void Write()
    {
        _lastTry = EventLoop.Now;
        try
        {
            Sys.MakeMemoryFile("pandora-jobs", out var file).ThrowIfError("memfd_create");
            using (file)
            {
                Sys.WriteAllAt(file, Encoding.UTF8.GetBytes(text()), 0).ThrowIfError("write", "jobs");
                _isWriting = true;
                _helper = Writer?.Invoke(file, Ended) ?? HelperProcess.Start(loop, "jobs", [HelperVerb], file, s_limit, Ended);
            }
            _isChanged = false;
        }
        catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
        {
            Ended(exception.Message);
        }
    }

    private void Ended(string answer)
    {
        (_helper, _isWriting) = (null, false);
        if (answer != "written")
        {
            Failed(answer);
            return;
        }
        (_retry, _failure) = (s_pause, null);
        if (_isChanged) Arm(s_pause);
        else _finished?.Invoke();
    }

    private void Failed(string answer)
    {
        _isChanged = true;
        if (answer != _failure) Log.Warn($"manager: the history of jobs: {(answer.Length == 0 ? "its helper was killed" : answer)}: it is tried again");
        _failure = answer;
        if (_finished is { } finished) finished();
        else if (IsHurried?.Invoke() != true) // else with the next change, and at the very end
        {
            _retry = _retry * 2 < s_longestPause ? _retry * 2 : s_longestPause;
            Arm(_retry);
        }
    }

    /// <summary>In the helper: puts what is in a descriptor into the place of the file.</summary>
    public static string Store(FileDescriptor source)
    {
        var content = new byte[Largest];
        var errno = Sys.ReadAt(source, content, 0, out int length);
        if (errno == Errno.None) errno = Sys.MakeDirectories(Folder, 0x1ED);
        if (errno == Errno.None) errno = Sys.Open(Place + ".new", Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC, 0x1A4, out var file) is var opened and not Errno.None ? opened : Put(file);
        return errno == Errno.None ? "written" : $"error: {Place}: {errno.Describe()}";

        Errno Put(FileDescriptor file)
        {
            using (file)
            {
                var written = Sys.WriteAllAt(file, content.AsSpan(0, length), 0);
                if (written == Errno.None) written = Sys.Synchronize(file);
                return written == Errno.None ? Sys.Rename(Place + ".new", Place) : written;
            }
        }
    }

    public void Dispose()
    {
        _timer?.Cancel();
        _helper?.Dispose();
    }
}
