using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Ctl.Crontabs;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests.Crontabs;

/// <summary><c>crontab</c> as scripts call it: its words, its exit codes, and what is in the folder afterwards.</summary>
public sealed class CrontabProgramTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("pandora-crontab-").FullName;
    readonly uint _me = Sys.UserId;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    string Tabs => $"{_folder}/crontabs";

    // Whoever runs this can give files to himself only: all users are he.
    UserDatabase Accounts => UserDatabase.Parse($"root:x:{_me}:{_me}::/root:/bin/sh\nalice:x:{_me}:{_me}::/:\nbob:x:7777:7777::/:\n{_users}", _groups);

    string _users = "", _groups = "";

    (int Code, string Out, string Error) Run(string input, params string[] arguments) => RunAs(0, input, arguments);

    (int Code, string Out, string Error) RunAs(uint caller, string input, params string[] arguments)
    {
        Sys.MakeMemoryFile("in", out var stdin).ThrowIfError("memfd_create");
        Sys.MakeMemoryFile("out", out var output).ThrowIfError("memfd_create");
        Sys.MakeMemoryFile("err", out var error).ThrowIfError("memfd_create");
        using (stdin)
        using (output)
        using (error)
        {
            Sys.WriteAllAt(stdin, Encoding.UTF8.GetBytes(input), 0).ThrowIfError("write");
            var program = new CrontabProgram(stdin, Screen.Of(output), Screen.Of(error)) { Accounts = Accounts, Caller = caller, CopyFolder = _folder };
            int code = program.Run(["-c", Tabs, .. arguments]);
            return (code, Content(output), Content(error).Replace(_folder, "/tmp/f"));
        }
    }

    static string Content(FileDescriptor fd)
    {
        var buffer = new byte[1 << 20];
        Sys.ReadAt(fd, buffer, 0, out int count).ThrowIfError("pread");
        return Encoding.UTF8.GetString(buffer, 0, count);
    }

    string File(string name, string text)
    {
        System.IO.File.WriteAllText($"{_folder}/{name}", text);
        return $"{_folder}/{name}";
    }

    string[] Files => [.. Directory.EnumerateFileSystemEntries(Tabs).Select(path => Path.GetFileName(path)!).Order()];

    [Fact]
    public void What_is_put_into_place_is_shown_and_removed()
    {
        if (_me != 0) return;
        Assert.Equal((1, "", "no crontab for root\n"), Run("", "-l"));
        Assert.Equal((1, "", "no crontab for root\n"), Run("", "-r"));
        Assert.Equal((0, "", ""), Run("@daily one", "-"));
        Assert.Equal((0, "@daily one\n", ""), Run("", "-l"));
        Assert.Equal((0, "", ""), Run("", File("new", "# two\n@daily two\n")));
        Assert.Equal((0, "# two\n@daily two\n", ""), Run("", "-l", "-u", "root"));
        Sys.Stat($"{Tabs}/root", out var status).ThrowIfError("stat");
        Assert.Equal((0x180u, _me), (status.st_mode & 0xFFF, status.st_uid));
        Assert.Equal((1, "", "no crontab for alice\n"), Run("", "-lualice"));
        // Without a word it is standard input, as POSIX has it.
        Assert.Equal((0, "", ""), Run("MAILTO=\"\"\n", "-u", "alice"));
        Assert.Equal(["alice", "root"], Files);
        Assert.Equal((0, "", ""), Run("", "-r"));
        Assert.Equal(["alice"], Files);
    }

    [Fact]
    public void One_with_a_mistake_leaves_the_old_one_where_it_is()
    {
        if (_me != 0) return;
        Assert.Equal(0, Run("@daily old\n", "-").Code);
        Assert.Equal((1, "", "-:2:1: minute: '61' is not between 0 and 59\nerrors in crontab file, can't install.\n"), Run("@daily x\n61 * * * * y\n", "-"));
        Assert.Equal((1, "", "/tmp/f/new: is larger than 64 KiB\nerrors in crontab file, can't install.\n"), Run("", File("new", new string('#', 70000))));
        Assert.Equal((1, "", "crontab: open /tmp/f/none: no such file or directory (ENOENT)\n"), Run("", $"{_folder}/none"));
        Assert.Equal("@daily old\n", Run("", "-l").Out);
        Assert.Equal(["root"], Files);
        // A warning is none.
        var (code, _, error) = Run("CRON_TZ=Mars/Olympus\nUSER=x\n@daily a\n@daily b\n", "-");
        Assert.Equal(0, code);
        Assert.StartsWith("-:2:1: warning: USER is always that of the user: passed over\n-:3:1: warning: CRON_TZ=Mars/Olympus: there ", error);
        Assert.Equal(2, error.Count(c => c == '\n'));
    }

    [Fact]
    public void A_file_can_be_checked_by_anybody()
    {
        Assert.Equal((0, "no errors\n", ""), RunAs(7777, "@daily x\n", "-T", "-"));
        Assert.Equal((1, "", "/tmp/f/bad:1:1: has 1 field; five are expected: minute hour day month weekday\n"), RunAs(7777, "", "-n", File("bad", "5\n")));
        Assert.False(Directory.Exists(Tabs));
    }

    [Theory]
    [InlineData("y\n", 0)]
    [InlineData("what\nYES\n", 0)]
    [InlineData("n\n", 1)]
    [InlineData("", 1)]
    public void To_remove_one_may_be_asked_first(string answer, int left)
    {
        if (_me != 0) return;
        Assert.Equal(0, Run("@daily x\n", "-").Code);
        var (code, output, _) = Run(answer, "-ri");
        Assert.Equal(0, code);
        Assert.StartsWith("crontab: really delete root's crontab? (y/n) ", output);
        Assert.Equal(left, Files.Length);
    }

    [Fact]
    public void Whoever_is_not_root_may_look_at_his_own()
    {
        if (_me != 0) return;
        Assert.Equal(0, Run("@daily x\n", "-u", "bob", "-").Code);
        Assert.Equal((0, "@daily x\n", ""), RunAs(7777, "", "-l"));
        Assert.Equal((0, "@daily x\n", ""), RunAs(7777, "", "-l", "-u", "bob"));
        Assert.Equal((1, "", "crontab: must be privileged to use -u\n"), RunAs(7777, "", "-l", "-u", "root"));
        Assert.Equal((1, "", "crontab: only root can change crontabs on this system: ask for 'crontab -u bob FILE' (see crontab(1))\n"), RunAs(7777, "@daily y\n", "-"));
        Assert.Equal(1, RunAs(7777, "", "-r").Code);
        Assert.Equal(1, RunAs(7777, "", "-e").Code);
        Assert.Equal((1, "", "crontab: there is no user 8888 in /etc/passwd\n"), RunAs(8888, "", "-l"));
        Assert.Equal("@daily x\n", Run("", "-lu", "bob").Out);
    }

    [Theory]
    [InlineData("bob", "", "", 7777, 0x1A0)]
    [InlineData("bob", "", "bob:x:7777:bob\nusers:x:100:bob,carol\n", 7777, 0x1A0)]
    [InlineData("bob", "", "bob:x:7777:bob,carol\n", 0, 0x180)]
    [InlineData("bob", "carol:x:7778:7777::/:\n", "", 0, 0x180)]
    [InlineData("root", "", "", 0, 0x180)]
    [InlineData("dave", "dave:x:7779:0::/:\n", "", 0, 0x180)]
    public void What_is_put_into_place_is_roots_and_its_user_reads_it_if_nobody_else_would(string user, string users, string groups, uint group, uint mode)
    {
        if (_me != 0) return;
        (_users, _groups) = (users, groups);
        Assert.Equal((0, "", ""), Run("@daily x\n", "-u", user, "-"));
        Sys.Stat($"{Tabs}/{user}", out var status).ThrowIfError("stat");
        Assert.Equal((0u, group, mode), (status.st_uid, status.st_gid, status.st_mode & 0xFFF));
    }

    [Theory]
    [InlineData("-x", "-x is not known")]
    [InlineData("-u", "-u needs a value")]
    [InlineData("-l -r", "one of -l, -e, -r and -n at a time")]
    [InlineData("-l file", "a file is only put into place: without -l, -e and -r")]
    [InlineData("a b", "one file at a time")]
    public void What_it_does_not_understand_it_does_not_do(string arguments, string problem)
    {
        var (code, output, error) = Run("", arguments.Split(' '));
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith($"crontab: {problem}\nusage: crontab [-u USER] FILE", error);
    }

    [Fact]
    public void A_user_who_is_not_there_has_no_crontab()
    {
        Assert.Equal((1, "", "crontab: user 'carol' unknown\n"), Run("@daily x\n", "-u", "carol", "-"));
        Assert.Equal((1, "", "crontab: user '../passwd' unknown\n"), Run("@daily x\n", "-u", "../passwd", "-"));
        Assert.Equal((1, "", "crontab: user '0' unknown\n"), Run("@daily x\n", "-u", "0", "-"));
        Assert.Equal(0, Run("", "--help").Code);
        Assert.Equal(0, Run("", "-h").Code);
    }

    [Fact]
    public void What_an_editor_leaves_is_put_into_place_if_it_is_good()
    {
        if (_me != 0) return;
        (int Code, string Out, string Error) Edit(string editor)
        {
            Environment.SetEnvironmentVariable("VISUAL", editor);
            try
            {
                return Run("", "-e");
            }
            finally
            {
                Environment.SetEnvironmentVariable("VISUAL", null);
            }
        }

        string[] Copies() => [.. Directory.EnumerateFiles(_folder, "crontab.*")];

        Assert.Equal((0, "", "crontab: no changes made to crontab\n"), Edit("true"));
        Assert.Equal((0, "", "crontab: installing new crontab\n"), Edit("sed -i '$a@daily new'"));
        Assert.Equal("# minute hour day month weekday command\n@daily new\n", Run("", "-l").Out);
        Assert.Empty(Copies());

        var bad = Edit("sh -c 'echo wrong >>\"$1\"' sh");
        Assert.Equal(1, bad.Code);
        Assert.Matches("^/tmp/f/crontab.[^:]*:3:1: is neither a variable.*\nerrors in crontab file, can't install.\ncrontab: nothing was changed; the edits are left in /tmp/f/crontab.*\n$", bad.Error);
        Assert.EndsWith("@daily new\nwrong\n", System.IO.File.ReadAllText(Assert.Single(Copies())));
        Assert.Equal(1, Edit("false").Code);
        Assert.Equal(2, Copies().Length);
        Assert.Equal((1, 0), (Edit("rm").Code, Edit("true").Code));
        Assert.Equal("# minute hour day month weekday command\n@daily new\n", Run("", "-l").Out);
    }
}
