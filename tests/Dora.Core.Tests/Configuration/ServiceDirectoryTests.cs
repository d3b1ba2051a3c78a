using Dora.Core.Configuration;
using Dora.Core.Linux;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public sealed class ServiceDirectoryTests : IDisposable
{
    private const string Good = "command: /bin/a\n";

    private readonly string _root = Directory.CreateTempSubdirectory("dora-services-").FullName;
    private readonly string _shipped, _operators;

    public ServiceDirectoryTests()
    {
        _shipped = Directory.CreateDirectory(Path.Combine(_root, "usr")).FullName;
        _operators = Directory.CreateDirectory(Path.Combine(_root, "etc")).FullName;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Later_directory_overrides_by_file_name()
    {
        Write(_shipped, "web.yaml", "command: /bin/shipped\nuser: web\n");
        Write(_shipped, "db.yaml", Good);
        Write(_operators, "web.yaml", "command: /bin/operators\n");

        var set = Load();

        Assert.Equal(["db", "web"], set.Services.Keys);
        Assert.Equal(["/bin/operators"], set.Services["web"].Command);
        Assert.Null(set.Services["web"].User);
        Assert.Equal(_operators + "/web.yaml", set.Services["web"].File);
        Assert.Empty(set.NamesWithProblems);
    }

    [Fact]
    public void One_bad_file_is_its_own_problem_only()
    {
        Write(_shipped, "bad.yaml", "command: /bin/a\nrestrat: never\n");
        Write(_shipped, "good.yaml", Good);

        var set = Load();

        Assert.Equal(["good"], set.Services.Keys);
        Assert.Equal([$"{_shipped}/bad.yaml:2:1: unknown key 'restrat'; did you mean 'restart'?"], Texts(set, "bad"));
        Assert.Equal(["bad"], set.NamesWithProblems);
    }

    [Fact]
    public void A_bad_override_leaves_the_shipped_settings_as_a_fallback()
    {
        Write(_shipped, "sshd.yaml", Good);
        Write(_operators, "sshd.yaml", "comand: /bin/a\n");

        var set = Load();

        Assert.Empty(set.Services);
        Assert.Equal(_shipped + "/sshd.yaml", set.Fallbacks["sshd"].File);
        Assert.StartsWith(_operators, Texts(set, "sshd")[0]);
    }

    [Fact]
    public void A_good_override_of_a_bad_file_is_fine()
    {
        Write(_shipped, "web.yaml", "nonsense");
        Write(_operators, "web.yaml", Good);

        var set = Load();

        Assert.Equal(["web"], set.Services.Keys);
        Assert.Empty(set.NamesWithProblems);
        Assert.Empty(set.Fallbacks);
    }

    [Fact]
    public void Empty_file_and_link_to_null_mask()
    {
        foreach (string name in new[] { "a.yaml", "b.yaml", "c.yaml" }) Write(_shipped, name, Good);
        Write(_operators, "a.yaml", "");
        File.CreateSymbolicLink(Path.Combine(_operators, "b.yaml"), "/dev/null");

        var set = Load();

        Assert.Equal(["c"], set.Services.Keys);
        Assert.Equal(["a", "b"], set.Masked);
        Assert.Empty(set.NamesWithProblems);
        Assert.Empty(set.Fallbacks);
    }

    [Fact]
    public void What_is_not_a_readable_file_is_one_clear_problem_each()
    {
        Write(_shipped, "good.yaml", Good);
        Directory.CreateDirectory(Path.Combine(_shipped, "directory.yaml"));
        File.CreateSymbolicLink(Path.Combine(_shipped, "dangling.yaml"), "/nowhere/x");
        File.CreateSymbolicLink(Path.Combine(_shipped, "loop.yaml"), "loop.yaml");
        Assert.Equal(Errno.None, Sys.MakeNode(Path.Combine(_shipped, "fifo.yaml"), Libc.S_IFIFO | 0x1A4, 0, 0));
        Assert.Equal(Errno.None, Sys.MakeNode(Path.Combine(_shipped, "socket.yaml"), Libc.S_IFSOCK | 0x1A4, 0, 0));
        File.CreateSymbolicLink(Path.Combine(_shipped, "device.yaml"), "/dev/zero");
        Write(_shipped, "large.yaml", Good + new string('#', 65 * 1024));
        File.WriteAllBytes(Path.Combine(_shipped, "latin.yaml"), [0xE9]);

        var set = Load();

        Assert.Equal(["good"], set.Services.Keys);
        Assert.Equal([$"{_shipped}/directory.yaml: is a directory, not a file"], Texts(set, "directory"));
        Assert.Equal([$"{_shipped}/dangling.yaml: is a link to /nowhere/x, which does not exist"], Texts(set, "dangling"));
        Assert.Equal([$"{_shipped}/loop.yaml: is a link that leads to itself"], Texts(set, "loop"));
        Assert.Equal([$"{_shipped}/fifo.yaml: is a FIFO, not a file"], Texts(set, "fifo"));
        Assert.Equal([$"{_shipped}/socket.yaml: is a socket, not a file"], Texts(set, "socket"));
        Assert.Equal([$"{_shipped}/device.yaml: is a device, not a file"], Texts(set, "device"));
        Assert.Equal([$"{_shipped}/large.yaml: larger than 64 KiB"], Texts(set, "large"));
        Assert.Equal([$"{_shipped}/latin.yaml:1:1: not UTF-8 text: byte 0xe9; save the file as UTF-8"], Texts(set, "latin"));
        Assert.Equal(8, set.NamesWithProblems.Count);
    }

    [Fact]
    public void Unreadable_file_is_a_problem()
    {
        // Tests run as root, who may read any file of a disk; a write-only sysctl refuses him too.
        const string WriteOnly = "/proc/sys/vm/compact_memory";
        if (!File.Exists(WriteOnly)) return;
        File.CreateSymbolicLink(Path.Combine(_shipped, "secret.yaml"), WriteOnly);

        Assert.Equal([$"{_shipped}/secret.yaml: cannot be read: permission denied (EACCES)"], Texts(Load(), "secret"));
    }

    [Fact]
    public void Other_names_are_left_alone_and_yml_is_pointed_out()
    {
        Write(_shipped, ".web.yaml", "nonsense");
        Write(_shipped, "web.yaml~", "nonsense");
        Write(_shipped, "README", "nonsense");
        Write(_shipped, "web.yml", Good);

        var set = Load();

        Assert.Empty(set.Services);
        Assert.Empty(set.NamesWithProblems);
        Assert.Equal($"{_shipped}/web.yml: warning: is not read: its name has to end with .yaml", Assert.Single(set.DirectoryProblems).ToString());
    }

    [Fact]
    public void A_strange_file_name_is_a_problem_in_one_line()
    {
        Write(_shipped, "a\nb.yaml", Good);

        var set = Load();

        Assert.Empty(set.Services);
        Assert.Contains("'a\\nb' is not the name of a service", set.ProblemsOf("a\nb")[0].Message);
        Assert.DoesNotContain('\n', set.ProblemsOf("a\nb")[0].ToString());
    }

    [Fact]
    public void Missing_directory_is_empty_and_a_file_in_its_place_a_problem()
    {
        Write(_root, "file", "x");

        var set = ServiceDirectory.Load([_root + "/missing", _root + "/file", _shipped + "/"]);

        Assert.Empty(set.Services);
        Assert.Equal($"{_root}/file: cannot be read: not a directory (ENOTDIR)", Assert.Single(set.DirectoryProblems).ToString());
    }

    [Fact]
    public void A_directory_of_thousands_of_files_is_cut_and_said_so()
    {
        for (int i = 0; i < 1100; i++) Write(_shipped, $"s{i}.yaml", Good);

        var set = Load();

        Assert.Equal(1024, set.Services.Count);
        Assert.Equal($"{_shipped}: more than 1024 files; the others are not read", Assert.Single(set.DirectoryProblems).ToString());
    }

    [Fact]
    public void Shipped_files_load_without_problem()
    {
        string? shipped = Repository.Find("image/rootfs/usr/lib/dora/services");
        if (shipped is null) return; // not in this checkout

        var set = ServiceDirectory.Load([shipped]);

        Assert.Equal("", string.Join("\n", set.NamesWithProblems.SelectMany(set.ProblemsOf).Concat(set.DirectoryProblems)));
        Assert.NotEmpty(set.Services);
    }

    private ServiceSet Load() => ServiceDirectory.Load([_shipped, _operators]);

    private static string[] Texts(ServiceSet set, string service) => [.. set.ProblemsOf(service).Select(problem => problem.ToString())];

    private static void Write(string directory, string name, string text) => File.WriteAllText(Path.Combine(directory, name), text);
}
