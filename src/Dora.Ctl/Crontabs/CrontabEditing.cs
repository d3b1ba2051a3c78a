using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Ctl.Crontabs;

/// <summary>
/// `crontab -e`: an editor gets a copy, and what it leaves is put into place, if it has changed and is good. If not, one may go on
/// with the same copy; else it is left where it is, for it is somebody's work.
/// </summary>
internal sealed class CrontabEditing(CrontabProgram program, CrontabFolder folder, UserEntry user)
{
    public int Run()
    {
        string path = $"{program.CopyFolder}/crontab.{Path.GetRandomFileName()}";
        byte[] before = folder.Read(user) ?? CrontabProgram.Empty.ToArray();
        Sys.Open(path, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW, 0x180 /* 0600 */, out var copy).ThrowIfError("make", path);
        using (copy) Sys.WriteAllAt(copy, before, 0).ThrowIfError("write", path);
        while (true)
        {
            int code = Edit(path);
            if (code != 0) return Left(path, $"crontab: the editor has ended with exit code {code}");
            if (Changed(path) is not { } after) return program.Failed($"crontab: {path} is not there any more: nothing was changed");
            if (after.AsSpan().SequenceEqual(before))
            {
                _ = Sys.Unlink(path);
                program.Say("crontab: no changes made to crontab");
                return ExitCodes.Ok;
            }
            if (program.IsInstalled(folder, user, path, after))
            {
                _ = Sys.Unlink(path);
                program.Say("crontab: installing new crontab");
                return ExitCodes.Ok;
            }
            if (!program.IsInteractive || !program.Ask("Do you want to retry the same edit? (y/n) ")) return Left(path, "crontab: nothing was changed");
        }
    }

    private int Left(string path, string why) => program.Failed($"{why}; the edits are left in {path}");

    private int Edit(string path)
    {
        string editor = Environment.GetEnvironmentVariable("VISUAL") is { Length: > 0 } visual ? visual
            : Environment.GetEnvironmentVariable("EDITOR") is { Length: > 0 } told ? told : "vi";
        program.Flush();
        Sys.Spawn("/bin/sh", ["sh", "-c", $"exec {editor} \"$1\"", "sh", path], ProcessEnvironment.Words(), out int pid).ThrowIfError("start", "/bin/sh");
        // These are for the editor.
        Sys.Ignore(Libc.SIGINT);
        Sys.Ignore(Libc.SIGQUIT);
        int code = Sys.WaitFor(pid);
        Sys.Heed(Libc.SIGINT);
        Sys.Heed(Libc.SIGQUIT);
        return code;
    }

    // An editor may have written another file in its place; in a folder that is everybody's it has to be ours.
    private static byte[]? Changed(string path)
    {
        if (Sys.Open(path, Libc.O_RDONLY | Libc.O_NOFOLLOW | Libc.O_NONBLOCK, 0, out var file) != Errno.None) return null;
        using (file) return Sys.Stat(file, out var status) == Errno.None && status.st_uid == Sys.UserId ? CrontabFolder.ReadAll(file, path) : null;
    }
}
