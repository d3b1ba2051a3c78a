using System.Text;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Shutdown;

namespace Dora.Init.Manager.Supervision.Scheduling;

/// <summary>
/// The records of all jobs in one file. A helper writes it, since the disk may not answer: aside, synchronized, renamed. The
/// first change is written at once, and what follows within a minute together, so that a job which runs every second does
/// not wear out a flash disk; a power cut loses at most that minute.
/// </summary>
internal sealed class JobHistory(EventLoop loop, Func<string> text) : IDisposable
{
    public const string HelperVerb = "write-jobs", ReadVerb = "read-jobs";

    private const string Folder = "/var/lib/dora/jobs", Place = Folder + "/history";
    private const int Largest = 4 << 20;
    private static readonly TimeSpan s_pause = TimeSpan.FromMinutes(1), s_limit = TimeSpan.FromSeconds(30), s_readLimit = TimeSpan.FromSeconds(10);

    private TimeSpan? _lastWrite;
    private LoopTimer? _timer;
    private HelperProcess? _helper;
    private bool _isChanged;

    /// <summary>Whether it is the last chance: no pause any more.</summary>
    public Func<bool>? IsHurried { get; init; }

    /// <summary>Reads it; called once, later, and with nothing if it cannot be had.</summary>
    public void Read(Action<string> then)
    {
        Sys.MakeMemoryFile("pandora-jobs", out var file).ThrowIfError("memfd_create");
        try
        {
            _helper = HelperProcess.Start(loop, "jobs", [ReadVerb], file, s_readLimit, End);
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
                if (answer != "read") Log.Warn($"manager: the history of jobs: {answer}: what was missed is not known");
                else text = Encoding.UTF8.GetString(Reloading.LoadedServices.ReadAll(file));
            }
            then(text);
            if (_isChanged) Changed();
        }
    }

    /// <summary>In the helper: copies the file to a descriptor.</summary>
    public static string Copy(FileDescriptor target)
    {
        var errno = Sys.ReadFile(Place, out var content, Largest);
        if (errno == Errno.None) errno = Sys.WriteAllAt(target, content, 0);
        return errno is Errno.None or Errno.ENOENT ? "read" : $"error: {Place}: {errno.Describe()}";
    }

    public void Changed()
    {
        _isChanged = true;
        if (_helper is not null) return; // it is looked at again when that has ended
        bool isHurried = IsHurried?.Invoke() == true;
        if (isHurried) _timer?.Cancel();
        if (_timer is { HasFired: false, IsCancelled: false }) return;
        var at = _lastWrite is { } last && !isHurried ? last + s_pause : TimeSpan.Zero;
        // Never in the middle of what changes: one write for all of it.
        _timer = loop.At(at > EventLoop.Now ? at : EventLoop.Now, "jobs", Write);
    }

    private void Write()
    {
        _lastWrite = EventLoop.Now;
        _isChanged = false;
        Sys.MakeMemoryFile("pandora-jobs", out var file).ThrowIfError("memfd_create");
        using (file)
        {
            Sys.WriteAllAt(file, Encoding.UTF8.GetBytes(text()), 0).ThrowIfError("write", "jobs");
            _helper = HelperProcess.Start(loop, "jobs", [HelperVerb], file, s_limit, Ended);
        }
    }

    private void Ended(string answer)
    {
        _helper = null;
        if (answer != "written") Log.Warn($"manager: the history of jobs: {(answer.Length == 0 ? "its helper was killed" : answer)}");
        if (_isChanged) Changed();
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
