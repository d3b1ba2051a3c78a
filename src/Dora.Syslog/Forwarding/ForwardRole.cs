using System.Text;
using Dora.Core.Client;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Forwarding;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog.Forwarding;

/// <summary>
/// <c>syslog forward NAME</c>: a process that sends lines of the log to one target of log.yaml; <c>syslog forwards</c> has one started for each.
/// </summary>
internal static class ForwardRole
{
    private const string User = "dora-log";

    public static int Run(ReadOnlySpan<string> arguments)
    {
        var file = ForwardFile.Load();
        if (arguments is not ["forward", var name]) return StartAll(file);
        foreach (var problem in file.Problems) Sys.Say($"<3>{problem}");
        if (file.Find(name) is { } target) return new Forwarder(target, new ForwardPosition(name), Sys.Say, Sys.Notify).Run();
        Sys.Say($"<3>{name}: there is no target of this name in {ForwardFile.Path}");
        return 1;
    }

    /// <summary>As root: the folder of the positions, and a start of log-forward@NAME for each target, without waiting for any.</summary>
    private static int StartAll(ForwardFile file)
    {
        int code = 0;
        void Fail(string text)
        {
            Sys.Say($"<3>{text}");
            code = 1;
        }

        foreach (var problem in file.Problems) Fail(problem.ToString());
        if (file.Targets.Count == 0) return code;
        var owner = UserDatabase.Load().FindUser(User);
        var errno = Sys.MakeDirectories(ForwardPosition.Folder, 0x1ED);
        if (errno == Errno.None && owner is not null) errno = Sys.ChangeOwner(ForwardPosition.Folder, owner.Uid, owner.Gid);
        if (errno != Errno.None) Fail($"{ForwardPosition.Folder}: {errno.Describe()}: after a restart lines are sent twice");
        var client = new DoraClient();
        foreach (var target in file.Targets)
        {
            try
            {
                client.Post<ChangeInfo>($"/v1/services/log-forward@{target.Name}/start");
            }
            catch (DoraException exception)
            {
                Fail($"log-forward@{target.Name}: {exception.Message}");
            }
        }
        return code;
    }
}
