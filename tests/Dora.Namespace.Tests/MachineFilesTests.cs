using System.Security.Cryptography;
using System.Text.Json;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>Files through the API, by curl and dora; one init for all, each test has a folder of its own.</summary>
public sealed class MachineFilesTests(MachineFilesTests.Running running) : IClassFixture<MachineFilesTests.Running>
{
    public sealed class Running : IDisposable
    {
        public InitInNamespace Init { get; } = new(new Dictionary<string, string> { ["web"] = "command: [/bin/sleep, '100000']\n" });

        public void Dispose() => Init.Dispose();
    }

    private readonly InitInNamespace _init = running.Init;

    private (int Status, string Body) Curl(string arguments)
    {
        string output = _init.Run($"curl -sS --max-time 60 -w '\\n%{{http_code}}' --unix-socket /run/dora/dora.sock {arguments}", TimeSpan.FromSeconds(70)).Expect();
        int end = output.LastIndexOf('\n');
        return (int.Parse(output[(end + 1)..]), output[..end]);
    }

    private Outcome Dora(string arguments, string? input = null) => _init.Run($"cd /tmp && /pandora/dora {arguments}", TimeSpan.FromSeconds(60), input);

    private string Folder(string name)
    {
        _init.Run($"mkdir -p /tmp/{name}").Expect();
        return $"/tmp/{name}";
    }

    private byte[] Bytes(string path) => File.ReadAllBytes(_init.Inside(path));

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes));

    [Fact]
    public void Five_mebibytes_of_anything_go_there_and_back()
    {
        string folder = Folder("large");
        byte[] content = new byte[5 << 20];
        new Random(4).NextBytes(content);
        File.WriteAllBytes(_init.Inside($"{folder}/source"), content);
        _init.Run($"chmod 640 {folder}/source; printf old >{folder}/copy; chmod 604 {folder}/copy; chown 12:34 {folder}/copy").Expect();
        Dora($"file write {folder}/copy {folder}/source").Expect();
        Assert.Equal(Hash(content), Hash(Bytes($"{folder}/copy")));
        Assert.Equal("604 12 34\n", _init.Run($"stat -c '%a %u %g' {folder}/copy").Expect());
        Dora($"file read {folder}/copy >{folder}/back").Expect();
        Assert.Equal(Hash(content), Hash(Bytes($"{folder}/back")));
        Assert.Equal(Hash(content[1_000_001..3_000_001]), Hash(Range(folder, 1_000_001, 2_000_000)));
        _init.Run($"/pandora/dora file write -a {folder}/copy <{folder}/source").Expect();
        Assert.Equal(Hash([.. content, .. content]), Hash(Bytes($"{folder}/copy")));
        Dora($"file remove {folder}/copy").Expect();
        Assert.Equal(["back", "source"], Directory.EnumerateFileSystemEntries(_init.Inside(folder)).Select(Path.GetFileName).Where(name => name != "range").Order());
    }

    private byte[] Range(string folder, int offset, int length)
    {
        _init.Run($"curl -sS --unix-socket /run/dora/dora.sock 'http://x/v1/machine/files/content?path={folder}/copy&offset={offset}&length={length}' >{folder}/range").Expect();
        return Bytes($"{folder}/range");
    }

    [Fact]
    public void A_write_replaces_as_a_whole_and_keeps_what_it_is_not_about()
    {
        string folder = Folder("replace");
        Assert.Equal(200, Curl($"-T - 'http://x/v1/machine/files/content?path={folder}/new' </etc/passwd").Status);
        Assert.Equal("644 0 0\n", _init.Run($"stat -c '%a %u %g' {folder}/new").Expect());
        Assert.Equal(File.ReadAllBytes(_init.Inside("/etc/passwd")), Bytes($"{folder}/new"));
        _init.Run($"printf old >{folder}/kept; chown 7:8 {folder}/kept; chmod 4751 {folder}/kept; ln -s kept {folder}/link").Expect();
        Assert.Equal(200, Curl($"-X PUT -d new 'http://x/v1/machine/files/content?path={folder}/link'").Status);
        Assert.Equal("new4751 7 8 regular file\nsymbolic link\n", _init.Run($"cat {folder}/kept; stat -c '%a %u %g %F' {folder}/kept; stat -c %F {folder}/link").Expect());
        Assert.Equal(200, Curl($"-X PUT -d x 'http://x/v1/machine/files/content?path={folder}/new&mode=600'").Status);
        Assert.Equal("600\n", _init.Run($"stat -c %a {folder}/new").Expect());
        Assert.Equal(200, Curl($"-X PUT 'http://x/v1/machine/files/content?path={folder}/empty'").Status);
        Assert.Empty(Bytes($"{folder}/empty"));
        Assert.Empty(Directory.EnumerateFiles(_init.Inside(folder), ".dora*"));
    }

    [Fact]
    public void A_piece_that_is_there_already_is_not_added_again()
    {
        string folder = Folder("append");
        (int Status, string Body) Append(string text, string offset) => Curl($"-X PUT -d {text} 'http://x/v1/machine/files/content?path={folder}/log&append=true{offset}'");
        Assert.Equal(200, Append("one", "&offset=0").Status);
        Assert.Contains("\"repeated\":true", Append("one", "&offset=0").Body);
        Assert.Equal(200, Append("two", "&offset=3").Status);
        Assert.Contains("\"repeated\":true", Append("two", "&offset=3").Body);
        var (status, body) = Append("xxx", "&offset=3");
        Assert.Equal((409, true), (status, body.Contains("file.offset")));
        Assert.Equal(409, Append("xxx", "&offset=7").Status);
        Assert.Equal(200, Append("three", "").Status);
        Assert.Equal("onetwothree", _init.Run($"cat {folder}/log").Expect());
        Assert.Equal(400, Curl($"-X PUT -d x 'http://x/v1/machine/files/content?path={folder}/log&offset=3'").Status);
    }

    [Fact]
    public void Only_files_have_content()
    {
        string folder = Folder("kinds");
        _init.Run($"mkfifo {folder}/fifo; mkdir {folder}/folder; ln -s nowhere {folder}/dangling; ln -s dangling2 {folder}/dangling2; mknod {folder}/device c 10 130; printf x >{folder}/file; chmod 0 {folder}/file").Expect();
        foreach (var (name, status, error) in new[]
        {
            ("fifo", 409, "file.not-regular"), ("folder", 409, "file.not-regular"), ("device", 409, "file.not-regular"), ("dangling2", 409, "file.refused"), ("missing", 404, "file.not-found"),
            ("file/below", 404, "file.not-found"), ("dangling", 404, "file.not-found"),
        })
        {
            var answer = Curl($"'http://x/v1/machine/files/content?path={folder}/{name}'");
            Assert.True(answer.Status == status && answer.Body.Contains(error), $"{name}: {answer}");
        }
        Assert.Equal((200, "x"), Curl($"'http://x/v1/machine/files/content?path={folder}/file'")); // root reads it all the same
        foreach (string name in new[] { "fifo", "folder", "device", "dangling" })
            foreach (string append in new[] { "", "&append=true" })
                Assert.InRange(Curl($"-X PUT -d x 'http://x/v1/machine/files/content?path={folder}/{name}{append}'").Status, 404, 409);
        Assert.False(File.Exists(_init.Inside($"{folder}/nowhere")));
        Assert.Equal(404, Curl($"-X PUT -d x 'http://x/v1/machine/files/content?path={folder}/none/file'").Status);
        Assert.Contains("\"errno\":\"ENOENT\"", Curl($"'http://x/v1/machine/files/content?path={folder}/missing'").Body);
        foreach (string wrong in new[] { "path=relative", "path=", "", "path=/a%00b", "path=/x&offset=-1", "path=/x&length=y", "path=/x&unknown=1" })
            Assert.Equal(400, Curl($"'http://x/v1/machine/files/content?{wrong}'").Status);
    }

    [Fact]
    public void Files_of_the_kernel_have_content_without_a_length()
    {
        Assert.Equal((200, File.ReadAllText("/proc/sys/kernel/osrelease")), Curl("http://x/v1/machine/files/content?path=/proc/sys/kernel/osrelease"));
        Assert.Equal((200, "772\n"), Curl("http://x/v1/machine/files/content?path=/sys/class/net/lo/type"));
        Assert.Equal((200, ""), Curl("'http://x/v1/machine/files/content?path=/etc/passwd&offset=100000000'"));
        Assert.Equal((200, ""), Curl("'http://x/v1/machine/files/content?path=/etc/passwd&length=0'"));
    }

    [Fact]
    public void Folders_are_listed_made_moved_and_removed()
    {
        string folder = Folder("folders");
        Assert.Equal(200, Curl($"-X POST 'http://x/v1/machine/files/folder?path={folder}/a/b/c&mode=700'").Status);
        Assert.Equal(200, Curl($"-X POST 'http://x/v1/machine/files/folder?path={folder}/a/b/c'").Status);
        Assert.Equal("755 700\n", _init.Run($"echo $(stat -c %a {folder}/a/b {folder}/a/b/c)").Expect());
        _init.Run($"printf 12345 >{folder}/a/file; ln -s file {folder}/a/link; touch {folder}/other").Expect();
        var list = JsonDocument.Parse(Curl($"'http://x/v1/machine/files?path={folder}/a'").Body).RootElement;
        Assert.Equal("folder", list.GetProperty("type").GetString());
        Assert.Equal(["b folder", "file file", "link link"], list.GetProperty("entries").EnumerateArray().Select(entry => $"{entry.GetProperty("name")} {entry.GetProperty("type")}"));
        Assert.Equal("file", list.GetProperty("entries")[2].GetProperty("target").GetString());
        Assert.Equal((409, true), Curl($"-X POST 'http://x/v1/machine/files/move?path={folder}/a/file&to={folder}/other'") is var (status, body) ? (status, body.Contains("file.exists")) : default);
        Assert.Equal(200, Curl($"-X POST 'http://x/v1/machine/files/move?path={folder}/a/file&to={folder}/other&replace=true'").Status);
        Assert.Equal("12345", _init.Run($"cat {folder}/other").Expect());
        Assert.Equal(409, Curl($"-X POST 'http://x/v1/machine/files/move?path={folder}/other&to=/dev/shm/other'").Status);
        Assert.Equal(200, Curl($"-X POST 'http://x/v1/machine/files/mode?path={folder}/other&mode=4711&uid=5&gid=6'").Status);
        Assert.Equal("4711 5 6\n", _init.Run($"stat -c '%a %u %g' {folder}/other").Expect());
        Assert.Equal(400, Curl($"-X POST 'http://x/v1/machine/files/mode?path={folder}/other&mode=999'").Status);
        Assert.Equal(409, Curl($"-X DELETE 'http://x/v1/machine/files?path={folder}/a'").Status);
        Assert.Equal(200, Curl($"-X DELETE 'http://x/v1/machine/files?path={folder}/a&recursive=true'").Status);
        Assert.Equal(404, Curl($"-X DELETE 'http://x/v1/machine/files?path={folder}/a'").Status);
        Assert.Equal(409, Curl("-X DELETE 'http://x/v1/machine/files?path=/&recursive=true'").Status);
        Assert.Equal("other\n", _init.Run($"ls {folder}").Expect());
    }

    [Fact]
    public void A_folder_with_very_many_names_is_cut()
    {
        string folder = Folder("many");
        _init.Run($"cd {folder} && seq 10005 | xargs touch", TimeSpan.FromSeconds(60)).Expect();
        var list = JsonDocument.Parse(Curl($"'http://x/v1/machine/files?path={folder}'").Body).RootElement;
        Assert.Equal((10_000, true), (list.GetProperty("entries").GetArrayLength(), list.GetProperty("truncated").GetBoolean()));
        _init.Run($"rm -r {folder}").Expect();
    }

    [Fact]
    public void Nobody_but_root_gets_at_files()
    {
        foreach (string request in new[] { "'http://x/v1/machine/files?path=/'", "'http://x/v1/machine/files/content?path=/etc/passwd'", "-X PUT -d x 'http://x/v1/machine/files/content?path=/tmp/x'", "-X DELETE 'http://x/v1/machine/files?path=/tmp'" })
            Assert.EndsWith("403", _init.Run($"setpriv --reuid 1234 --regid 1235 --clear-groups curl -sS -w '%{{http_code}}' --unix-socket /run/dora/dora.sock {request}").Expect());
        Assert.Equal(405, Curl("-X DELETE http://x/v1/machine/files/content").Status);
        Assert.Contains("Allow: GET, HEAD, PUT", Curl("-i -X DELETE http://x/v1/machine/files/content").Body);
    }

    [Fact]
    public void A_reader_that_goes_away_ends_its_helper_and_a_slow_one_hurts_nobody()
    {
        string folder = Folder("slow");
        _init.Run($"head -c 50000000 /dev/zero >{folder}/zeros").Expect();
        _init.Run($"curl -sS --limit-rate 10k --max-time 1 -o /dev/null --unix-socket /run/dora/dora.sock 'http://x/v1/machine/files/content?path={folder}/zeros'; true").Expect();
        Assert.Equal("web", _init.Service("web").Name);
        _init.WaitFor("the helper to end", () => _init.Run("pgrep -f '[i]nit helper'").ExitCode == 1 ? "gone" : null);
        Assert.Equal("50000000\n", _init.Run($"curl -sS --unix-socket /run/dora/dora.sock 'http://x/v1/machine/files/content?path={folder}/zeros' | wc -c").Expect());
        _init.Run($"rm {folder}/zeros").Expect();
    }

    [Fact]
    public void A_helper_that_hangs_is_ended_by_its_deadline_and_the_client_is_told()
    {
        string folder = Folder("hang");
        // Whoever opens it waits for a word of a process (fanotify(7), FAN_OPEN_PERM | FAN_ONDIR) that never says one: as with a dead server of files.
        File.WriteAllText(_init.Inside($"{folder}/warden"), "my $f = syscall(300, 4, 0); syscall(301, $f, 1, 0x40010000, -100, qq($ARGV[0]\\0)) and die; $| = 1; print 1; sleep");
        _init.Run($"mkdir {folder}/below; perl {folder}/warden {folder}/below >{folder}/marked 2>&1 & echo $! >{folder}/pid").Expect();
        _init.WaitFor("the warden", () => File.Exists(_init.Inside($"{folder}/marked")) && Bytes($"{folder}/marked").Length > 0 ? "yes" : null);
        Assert.Equal("1", File.ReadAllText(_init.Inside($"{folder}/marked")));
        var (status, body) = Curl($"'http://x/v1/machine/files?path={folder}/below'");
        Assert.Equal((504, true), (status, body.Contains("machine.timeout")));
        _init.WaitFor("the helper to be gone", () => _init.Run("pgrep -f '[i]nit helper'").ExitCode == 1 ? "gone" : null);
        _init.Run($"kill $(cat {folder}/pid)").Expect();
        Assert.Equal(200, Curl($"'http://x/v1/machine/files?path={folder}'").Status);
    }

    [Fact]
    public void A_helper_has_the_connection_and_the_body_and_nothing_else()
    {
        string folder = Folder("inherit");
        _init.Run($"head -c 50000000 /dev/zero >{folder}/zeros").Expect();
        _init.Run($"(curl -sS --limit-rate 10k --max-time 3 -o /dev/null --unix-socket /run/dora/dora.sock 'http://x/v1/machine/files/content?path={folder}/zeros'; true) >/dev/null 2>&1 &").Expect();
        string open = _init.WaitFor("its descriptors", () => _init.Run("p=$(pgrep -f '[i]nit helper machine') && ls -l /proc/$p/fd | sed -n 's/.* -> //p'") is { ExitCode: 0, Output: var links } && links.Contains("zeros") ? links : null)!;
        string[] links = open.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, links.Count(link => link.StartsWith("pipe:", StringComparison.Ordinal)));
        Assert.Single(links, link => link.StartsWith("socket:", StringComparison.Ordinal));
        Assert.Equal(5, links.Length); // and the file
        _init.WaitFor("the helper to end", () => _init.Run("pgrep -f '[i]nit helper'").ExitCode == 1 ? "gone" : null);
    }

    [Fact]
    public void A_manager_that_is_killed_in_the_middle_leaves_the_content_whole()
    {
        string folder = Folder("killed");
        _init.Run($"head -c 3000000 /dev/urandom >{folder}/content").Expect();
        _init.Run($"(curl -sS --limit-rate 1M --max-time 20 -o {folder}/copy --unix-socket /run/dora/dora.sock 'http://x/v1/machine/files/content?path={folder}/content'; echo $? >{folder}/code) >/dev/null 2>&1 &").Expect();
        _init.WaitFor("its beginning", () => File.Exists(_init.Inside($"{folder}/copy")) ? "yes" : null);
        _init.KillManager();
        _init.WaitFor("its end", () => File.Exists(_init.Inside($"{folder}/code")) && File.ReadAllText(_init.Inside($"{folder}/code")).Length > 0 ? "yes" : null);
        Assert.Equal("0\n", File.ReadAllText(_init.Inside($"{folder}/code")));
        Assert.Equal(Hash(Bytes($"{folder}/content")), Hash(Bytes($"{folder}/copy")));
    }

    [Fact]
    public void Dora_lists_makes_moves_and_removes()
    {
        string folder = Folder("dora");
        Dora($"file mkdir {folder}/a/b").Expect();
        Dora($"file write {folder}/a/b/file", "hello\n").Expect();
        Assert.Contains("file", Dora($"file list {folder}/a/b").Expect());
        Assert.Equal("hello\n", Dora($"file read {folder}/a/b/file").Expect());
        Assert.Equal("ell", Dora($"file read {folder}/a/b/file --offset 1 --length 3").Expect());
        Dora($"file mode {folder}/a/b/file 0600 --uid 3").Expect();
        Assert.Equal("600 3\n", _init.Run($"stat -c '%a %u' {folder}/a/b/file").Expect());
        Dora($"file move {folder}/a/b/file {folder}/file").Expect();
        Dora($"file remove {folder}/a").Expect(1);
        Dora($"file remove -r {folder}/a {folder}/file").Expect();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_init.Inside(folder)));
        Assert.Contains("no such file", Dora($"file read {folder}/none") is { ExitCode: 1 } missing ? missing.Errors : "");
    }
}
