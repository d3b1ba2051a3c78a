using Xunit;

namespace Dora.Ctl.Tests.Commands;

/// <summary><c>dora service check</c>: exact messages, and no server.</summary>
public sealed class ServiceCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-check-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Dinit_check_basic_a_good_folder_is_fine()
    {
        Write("web", "command: /bin/a\nneeds: [db]\n");
        Write("db", "command: /bin/a\n");
        Assert.Equal((0, "2 services, all fine\n"), Check(_folder));
    }

    [Fact]
    public void Dinit_check_cycle_each_is_told_with_place_and_path()
    {
        Write("a", "command: /bin/a\nneeds: [b]\n");
        Write("b", "command: /bin/a\nafter: [c]\n");
        Write("c", "command: /bin/a\nbefore: [b]\nneeds: [a]\n");
        Assert.Equal((1, $"""
            {_folder}/a.yaml:2:9: needs: a cycle: a -> b -> c -> a
            {_folder}/b.yaml:2:9: after: a cycle: b -> c -> a -> b
            {_folder}/c.yaml:3:9: needs: a cycle: c -> a -> b -> c
            3 services, 3 errors, 0 warnings

            """), Check(_folder));
    }

    [Theory]
    [InlineData("""[{"service":"fresh","action":"start"}]""", "not all of it is in use: 'dora service reload' takes it up\n")]
    [InlineData("[]", "")]
    public void What_is_not_in_use_yet_is_told_of_the_systems_folders(string services, string expected)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/reload", 200, $$"""{"fingerprint":"1","problems":[],"services":{{services}}}""");
        var (code, output, error) = server.Dora("service", "check"); // those of this machine, which may have none
        Assert.Equal((0, ""), (code, error));
        Assert.EndsWith("s, all fine\n" + expected, output);
        Write("web", "command: /bin/a\n");
        Assert.Equal("1 service, all fine\n", server.Dora("service", "check", _folder).Out);
        Assert.Single(server.Requests);
    }

    [Fact]
    public void Dinit_check_lint_warnings_leave_the_exit_code()
    {
        Write("web", "command: /bin/a\nwants: [mail]\n");
        Assert.Equal((0, $"{_folder}/web.yaml:2:9: warning: wants: there is no service 'mail'\n1 service, 0 errors, 1 warning\n"), Check(_folder));
    }

    [Fact]
    public void A_time_zone_that_this_machine_does_not_have_is_a_warning()
    {
        Write("job", "type: oneshot\ncommand: /bin/a\nschedule: {at: \"@daily\", zone: Mars/Olympus}\n");
        Write("good", "type: oneshot\ncommand: /bin/a\nschedule: {at: \"@daily\", zone: \"CET-1CEST,M3.5.0,M10.5.0/3\"}\n");
        var (code, output) = Check(_folder);
        Assert.Equal(0, code);
        Assert.Matches($"^{_folder}/job.yaml: warning: schedule: zone Mars/Olympus: there .*: on this machine it is not run by itself\n2 services, 0 errors, 1 warning\n$", output);
        Assert.Equal(output.Replace("2 services", "1 service"), Check($"{_folder}/job.yaml").Output);
    }

    [Fact]
    public void Dinit_dep_not_found_is_told_with_place()
    {
        Write("web", "command: /bin/a\nneeds:\n  - dab\n");
        Write("db", "command: /bin/a\n");
        Assert.Equal((1, $"{_folder}/web.yaml:3:5: needs: there is no service 'dab'; did you mean 'db'?\n2 services, 1 error, 0 warnings\n"), Check(_folder));
    }

    [Fact]
    public void Finit_conf_format_a_typo_is_its_file_s_alone_and_a_file_that_cannot_be_used_is_counted()
    {
        Write("good", "command: /bin/a\n");
        Write("bad", "command: /bin/a\ntyp: oneshot\n");
        Assert.Equal((1, $"{_folder}/bad.yaml:2:1: unknown key 'typ'; did you mean 'type'?\n2 services, 1 error, 0 warnings\n"), Check(_folder));
    }

    [Fact]
    public void A_file_alone_is_checked_wherever_it_lies()
    {
        Write("web", "command: bin/a\n");
        Assert.Equal((1, $"{_folder}/web.yaml:1:10: command: the program 'bin/a' has to be absolute (begin with '/')\n1 service, 1 error, 0 warnings\n"),
            Check(Path.Combine(_folder, "web.yaml")));
    }

    [Fact]
    public void A_file_is_checked_against_a_folder_that_is_named_too()
    {
        string other = Directory.CreateDirectory(Path.Combine(_folder, "other")).FullName;
        Write("db", "command: /bin/a\n");
        File.WriteAllText(Path.Combine(other, "web.yaml"), "command: /bin/a\nneeds: [db, nix]\n");
        Assert.Equal((1, $"{other}/web.yaml:2:13: needs: there is no service 'nix'\n1 service, 1 error, 0 warnings\n"),
            Check(_folder, Path.Combine(other, "web.yaml")));
    }

    [Fact]
    public void What_is_not_there_is_an_error()
    {
        var (code, _, error) = CannedServer.Run("service", "check", _folder + "/nix");
        Assert.Equal((1, $"dora: {_folder}/nix: no such file or directory (ENOENT)\n"), (code, error));
    }

    [Fact]
    public void Json_has_the_same()
    {
        Write("web", "command: /bin/a\nwants: [mail]\n");
        var (code, output, _) = CannedServer.Run("service", "check", "--json", _folder);
        Assert.Equal(0, code);
        Assert.Contains($"\"file\":\"{_folder}/web.yaml\",\"line\":2,\"column\":9", output);
        Assert.Contains("\"isWarning\":true", output);
    }

    private static (int Code, string Output) Check(params string[] paths)
    {
        var (code, output, _) = CannedServer.Run(["service", "check", .. paths]);
        return (code, output);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name + ".yaml"), text);
}
