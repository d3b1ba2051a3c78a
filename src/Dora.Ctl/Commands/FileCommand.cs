using System.CommandLine;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Core.Protocol.Machine;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora file list|read|write|remove|mkdir|move|mode</c>: files of the machine, with root's power.</summary>
internal static class FileCommand
{
    public static Command Build(Binder bind) => new("file", "files of the machine: list, read, write, remove, mkdir, move, mode")
    {
        List(bind),
        Read(bind),
        Write(bind),
        Remove(bind),
        MakeFolder(bind),
        Move(bind),
        Mode(bind),
    };

    private static Argument<string> PathArgument(string description) => new("PATH") { Description = description };

    private static Option<string?> ModeOption(string description) => new("--mode") { Description = description, HelpName = "OCTAL" };

    private static Command List(Binder bind)
    {
        var path = PathArgument("a file or folder");
        var command = new Command("list", "what is in a folder, or about a file") { path };
        command.SetAction(bind((context, parsed) =>
        {
            var (status, json) = context.Client.File(parsed.GetValue(path)!);
            if (context.Json) context.Out.WriteJson(json);
            else Print(context.Out, status);
            return ExitCodes.Ok;
        }));
        return command;
    }

    public static void Print(Screen screen, FileStatus status)
    {
        var table = new Table("MODE", "UID", "GID", "SIZE", "CHANGED", "NAME") { AlignRight = [1, 2, 3] };
        if (status.Entries is null) Add(status.Type, status.Mode, status.Uid, status.Gid, status.SizeBytes, status.ModifiedAt, status.Path, status.Target);
        foreach (var entry in status.Entries ?? []) Add(entry.Type, entry.Mode, entry.Uid, entry.Gid, entry.SizeBytes, entry.ModifiedAt, entry.Name, entry.Target);
        if (status.Entries is not { Count: 0 }) table.Write(screen);
        if (status.Truncated == true) screen.WriteLine(screen.Paint(Tone.Busy, $"there is more: only {status.Entries!.Count} names are shown"));

        void Add(string type, string mode, long uid, long gid, long size, string changed, string name, string? target) =>
            table.Add(($"{Letter(type)} {mode}", Tone.Plain), (uid.ToString(), Tone.Plain), (gid.ToString(), Tone.Plain), (type == "file" ? Words.Bytes(size) : "-", Tone.Plain), (Words.Time(changed), Tone.Plain),
                (screen.Foreign(name) + (type == "folder" ? "/" : "") + (target is null ? "" : " -> " + screen.Foreign(target)), type == "folder" ? Tone.Good : Tone.Plain));
    }

    /// <summary>As ls(1) has it.</summary>
    private static char Letter(string type) => type switch
    {
        "file" => '-',
        "folder" => 'd',
        "link" => 'l',
        "fifo" => 'p',
        "socket" => 's',
        "block" => 'b',
        "character" => 'c',
        _ => '?',
    };

    private static Command Read(Binder bind)
    {
        var path = PathArgument("a file");
        var offset = new Option<long>("--offset") { Description = "the first byte", HelpName = "N" };
        var length = new Option<long?>("--length") { Description = "how many bytes", HelpName = "N" };
        var command = new Command("read", "write the content of a file to standard output") { path, offset, length };
        command.SetAction(bind((context, parsed) =>
        {
            context.Client.ReadFile(parsed.GetValue(path)!, context.Out.WriteRaw, parsed.GetValue(offset), parsed.GetValue(length));
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command Write(Binder bind)
    {
        var path = PathArgument("the file to write");
        var from = new Argument<string>("FROM") { Description = "where the content comes from; '-' is standard input", DefaultValueFactory = _ => "-" };
        var mode = ModeOption("permissions in octal; those that it has, or 0644, unless told");
        var append = new Option<bool>("--append", "-a") { Description = "add to its end" };
        var command = new Command("write", "write a file: whoever reads it sees the old content or the new") { path, from, mode, append };
        command.SetAction(bind((context, parsed) =>
        {
            var upload = new FileUpload(context.Client, parsed.GetValue(path)!, parsed.GetValue(mode));
            string source = parsed.GetValue(from)!;
            FileDescriptor input = new(0); // borrowed
            if (source != "-") Sys.Open(source, Libc.O_RDONLY, 0, out input).ThrowIfError("open", source);
            var (status, json) = parsed.GetValue(append) ? upload.Append(input) : upload.Replace(input);
            if (context.Json) context.Out.WriteJson(json);
            else context.Out.WriteLine(context.Out.Foreign($"{status.Path}: {status.SizeBytes} bytes"));
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command Remove(Binder bind)
    {
        var paths = new Argument<string[]>("PATH") { Description = "files or empty folders", Arity = ArgumentArity.OneOrMore };
        var recursive = new Option<bool>("--recursive", "-r") { Description = "folders with all that is in them" };
        var command = new Command("remove", "remove files and folders") { paths, recursive };
        command.SetAction(bind((context, parsed) =>
        {
            foreach (string path in parsed.GetValue(paths)!) Done(context, context.Client.RemoveFile(path, parsed.GetValue(recursive)), "removed");
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command MakeFolder(Binder bind)
    {
        var path = PathArgument("a folder");
        var mode = ModeOption("permissions in octal; 0755 unless told");
        var command = new Command("mkdir", "make a folder and those that it is in") { path, mode };
        command.SetAction(bind((context, parsed) => Done(context, context.Client.MakeFolder(parsed.GetValue(path)!, parsed.GetValue(mode)), "is there")));
        return command;
    }

    private static Command Move(Binder bind)
    {
        var path = PathArgument("what to move");
        var to = new Argument<string>("TO") { Description = "its new path" };
        var replace = new Option<bool>("--replace") { Description = "what is there already goes" };
        var command = new Command("move", "give a file another name on the same file system") { path, to, replace };
        command.SetAction(bind((context, parsed) => Done(context, context.Client.MoveFile(parsed.GetValue(path)!, parsed.GetValue(to)!, parsed.GetValue(replace)), "moved here")));
        return command;
    }

    private static Command Mode(Binder bind)
    {
        var path = PathArgument("a file");
        var mode = new Argument<string?>("OCTAL") { Description = "permissions: 0644", Arity = ArgumentArity.ZeroOrOne };
        var uid = new Option<long?>("--uid") { Description = "number of its user", HelpName = "N" };
        var gid = new Option<long?>("--gid") { Description = "number of its group", HelpName = "N" };
        var command = new Command("mode", "change permissions and owner of a file") { path, mode, uid, gid };
        command.SetAction(bind((context, parsed) =>
        {
            var answer = context.Client.ChangeMode(parsed.GetValue(path)!, parsed.GetValue(mode), parsed.GetValue(uid), parsed.GetValue(gid));
            return Done(context, answer, $"mode {answer.Value.Mode}, user {answer.Value.Uid}, group {answer.Value.Gid}");
        }));
        return command;
    }

    private static int Done(Context context, Answer<FileStatus> answer, string words)
    {
        if (context.Json) context.Out.WriteJson(answer.Json);
        else context.Out.WriteLine(context.Out.Foreign($"{answer.Value.Path}: {words}"));
        context.Out.Flush();
        return ExitCodes.Ok;
    }
}
