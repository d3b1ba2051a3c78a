using System.Buffers;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Storage;
using Dora.Init.Manager.Devices;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Requests;

/// <summary>
/// Requests about storage in their helper process (<see cref="MachineHelper"/>), on the client's own connection. What only
/// looks answers with one object; what does something answers with a line for each step and one with the result, or, as
/// long as no step has been told, with a refusal. It is done to its end whatever becomes of client and manager, one at a time.
///
/// The manager waits 30 s for the first step; from there on silence that is longer than <see cref="StepSeconds"/> is a hang, so
/// what takes longer tells how far it is.
/// </summary>
internal static class StorageHelper
{
    public const int StepSeconds = 900;

    /// <summary>Returns the exit code.</summary>
    public static int Run(LentConnection client, ReadOnlySpan<string> arguments)
    {
        var steps = new Steps(client);
        try
        {
            switch (arguments)
            {
                case ["storage"]:
                    var status = StorageActions.Status();
                    client.Note = StorageWatch.Line(false, status.State, null, status.Reason);
                    client.Reply(status);
                    break;
                case ["storage-state"]:
                    var now = StorageActions.Status();
                    client.Say(StorageWatch.Line(false, now.State, null, now.Reason));
                    break;
                case ["scrub-status"]: client.Reply(StorageScrub.Status()); break;
                case ["scrub-cancel", _]: client.Reply(StorageScrub.Cancel()); break;
                case ["disk-list"]: client.ReplyList(StorageActions.List()); break;
                case ["disk-show", var name]: client.Reply(StorageActions.Show(name)); break;
                case ["disk-health", var name]: client.Reply(StorageActions.Health(name)); break;
                case ["disk-claim", var name, var dryRun, var token, var fileSystem]:
                    steps.Run(name, dryRun == "false", step => StorageActions.Claim(name, new ClaimOptions(dryRun == "true", Given(token), Given(fileSystem)), step));
                    break;
                case ["disk-release", var name, var token]: steps.Run(name, true, step => StorageActions.Release(name, Given(token), step)); break;
                case ["disk-add", var name]: steps.Run(name, true, step => StorageActions.Add(name, step)); break;
                case ["disk-remove", var name]: steps.Run(name, true, step => StorageActions.Remove(name, step)); break;
                case ["disk-scrub", var name]: steps.Run(null, false, step => StorageActions.Scrub(Given(name), step)); break; // btrfs has a lock of its own
                default: return 2;
            }
        }
        catch (StorageRefusal refusal)
        {
            steps.Refuse(refusal);
        }
        catch (LinuxException exception)
        {
            steps.Refuse(new StorageRefusal(503, "disk.failed", exception.Message, exception.Errno));
        }
        return 0;
    }

    private static string? Given(string text) => text.Length > 0 ? text : null;

    /// <summary>The lines of one answer.</summary>
    private sealed class Steps(LentConnection client)
    {
        private bool _hasBegun;

        /// <param name="disk">Whose change is news for those who follow the events.</param>
        /// <param name="isAlone">It writes to disks.</param>
        /// <param name="act">What is done.</param>
        public void Run(string? disk, bool isAlone, Func<Action<DiskStep>, DiskResult> act)
        {
            using var alone = isAlone ? Lock() : null;
            DiskResult result;
            try
            {
                result = act(Tell);
            }
            catch (StorageRefusal refusal) when (_hasBegun)
            {
                Changed(disk, isAlone, refusal.Message);
                throw;
            }
            Changed(disk, isAlone, result.Message);
            Tell(new DiskStep { Step = "result", Detail = result.Message, Status = result.Status, Result = result });
        }

        private void Changed(string? disk, bool isDone, string? message)
        {
            var now = StorageActions.Status();
            client.Say(StorageWatch.Line(isDone, now.State, disk, isDone ? message : now.Reason));
        }

        public void Refuse(StorageRefusal refusal)
        {
            if (!_hasBegun)
            {
                client.Refuse(refusal.Status, refusal.Error, refusal.Errno, refusal.Message);
                return;
            }
            Log.Error($"storage: {refusal.Message}");
            var result = new DiskResult { Status = ChangeInfo.Failed, Error = new ErrorBody(refusal.Error, refusal.Message) };
            Tell(new DiskStep { Step = "result", Detail = refusal.Message, Status = ChangeInfo.Failed, Result = result });
        }

        private void Tell(DiskStep step)
        {
            if (!_hasBegun) client.BeginLines();
            _hasBegun = true;
            var line = new ArrayBufferWriter<byte>();
            JsonMapWriter.WriteTo(line, step);
            line.Write("\n"u8);
            client.SendLine(line.WrittenSpan);
            Sys.Alarm(StepSeconds);
        }

        private static FileDescriptor Lock() => StorageBoot.TakeLock(wait: false)
            ?? throw new StorageRefusal(409, "storage.busy", "storage: something else is being done with its disks at the moment", Errno.EAGAIN);
    }
}
