using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.Feed;
using Dora.Init.Manager.Shutdown;

namespace Dora.Init.Manager.Devices;

/// <summary>
/// How storage is, as far as the manager hears of it: from helpers that have done something with it or were asked about it
/// (<c>storage is ...</c> in what they say), and from one that is sent when a disk of it has come or gone.
/// </summary>
internal sealed class StorageWatch(EventLoop loop, EventFeed feed)
{
    private const int LongestReason = 1000;
    private const string Word = "storage is ";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);
    private HelperProcess? _helper;
    private string? _next;

    /// <summary>What a helper says of it: whether something was done (<c>done</c>, <c>seen</c>), the state, the disk (<c>-</c>: none), and why.</summary>
    public static string Line(bool isDone, string state, string? disk, string? reason) =>
        $"{Word}{(isDone ? "done" : "seen")} {state} {disk ?? "-"} {Printable.Text(reason ?? "", LongestReason)}";

    /// <summary>Nothing that is known is wrong with it.</summary>
    public bool IsWhole => feed.Storage is null or StorageStates.Ready or StorageStates.Memory;

    public void Heard(string said, string? about = null)
    {
        foreach (string line in said.Split('\n'))
            if (line.StartsWith(Word, StringComparison.Ordinal) && line[Word.Length..].Split(' ', 4) is [var kind, var state, var disk, var reason])
                feed.StorageIs(state, disk == "-" ? about : disk, reason, kind == "done");
    }

    /// <summary>A disk of it has come or gone.</summary>
    public void Look(string? disk)
    {
        if (_helper is not null)
        {
            _next = disk;
            return;
        }
        try
        {
            _helper = HelperProcess.Start(loop, "storage", ["machine", "-", "storage-state"], null, s_limit, said =>
            {
                _helper = null;
                if (said.StartsWith("error: ", StringComparison.Ordinal)) feed.StorageIs(StorageStates.Failed, disk, said["error: ".Length..], isDone: false);
                else Heard(said, disk);
                if (_next is { } next) Look(next);
            });
            _next = null;
        }
        catch (Exception exception) when (exception is LinuxException or InvalidOperationException)
        {
            Log.Error($"storage: {exception.Message}: what has become of it is not known");
        }
    }
}
