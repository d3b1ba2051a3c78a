using Dora.Core.Configuration;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Xunit;

namespace Dora.Core.Tests.Configuration.Reload;

/// <summary>From files in use and files that are there to what is to be used; the graph's part is in ReloadTests of init.</summary>
public sealed class ReloadPlanTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("pandora-reload-").FullName;
    private ServiceSources _inUse = new();
    private ServiceSet _set = ServiceDirectory.Load(new ServiceSources());

    public ReloadPlanTests()
    {
        Directory.CreateDirectory(_root + "/usr");
        Directory.CreateDirectory(_root + "/etc");
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void An_override_that_comes_and_goes_changes_the_service_of_that_name()
    {
        Write("usr/web.yaml", "command: /bin/web\numask: '022'\n");
        Assert.Equal("web Added", Reload());
        Write("etc/web.yaml", "command: /bin/web\numask: '077'\n");
        Assert.Equal("web Changed umask restart", Reload());
        Assert.Equal(63u, _set.Services["web"].Umask);
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Changed umask restart", Reload());
        Assert.Equal(18u, _set.Services["web"].Umask);
        Write("etc/web.yaml", "");
        Assert.Equal("web Removed", Reload());
        Assert.Contains("web", _set.Masked);
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Added", Reload());
    }

    [Fact]
    public void A_broken_override_leaves_in_use_what_was_and_not_what_lies_below()
    {
        Write("usr/web.yaml", "command: /bin/web\numask: '022'\n");
        Write("etc/web.yaml", "command: /bin/web\numask: '077'\n");
        Reload();
        Write("etc/web.yaml", "command: /bin/web\numask: 9\n");
        Assert.StartsWith("web Refused " + _root + "/etc/web.yaml:2:8: umask: ", Reload());
        Assert.Equal(63u, _set.Services["web"].Umask);
        Assert.True(_set.IsFileUnused("web"));
        // A new manager, which has nothing but the copy, knows the same.
        (_inUse, _set) = Copy();
        Assert.Equal(63u, _set.Services["web"].Umask);
        Assert.StartsWith(_root + "/etc/web.yaml:2:8: umask: ", Assert.Single(_set.ProblemsOf("web")).ToString());
        Assert.StartsWith("web Refused ", Reload());
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Changed umask restart", Reload());
        Assert.False(_set.IsFileUnused("web"));
    }

    [Fact]
    public void What_runs_by_the_file_below_since_boot_changes_when_its_own_is_mended()
    {
        Write("usr/web.yaml", "command: /bin/web\n");
        Write("etc/web.yaml", "comand: /bin/web\n");
        Assert.StartsWith("web Added", Reload());
        Assert.Equal(_root + "/usr/web.yaml", _set.Fallbacks["web"].File);
        Write("etc/web.yaml", "comand: /bin/other\n");
        Assert.Equal("", Reload());
        Assert.True(_set.IsFileUnused("web"));
        Write("etc/web.yaml", "command: /bin/web\numask: '077'\n");
        Assert.Equal("web Changed umask restart", Reload());
        Assert.False(_set.IsFileUnused("web"));
    }

    [Fact]
    public void A_mended_file_clears_what_was_told_of_it()
    {
        Write("etc/web.yaml", "command: /bin/web\n");
        Reload();
        Write("etc/web.yaml", "comand: /bin/web\n");
        Assert.StartsWith("web Refused", Reload());
        Write("etc/web.yaml", "command: /bin/web\n");
        Assert.Equal("web Cleared", Reload());
        Assert.False(_set.IsFileUnused("web"));
        Assert.Empty(_set.NamesWithProblems);
        Assert.Equal("", Reload());

        // Otherwise written, and meaning the same.
        Write("etc/web.yaml", "comand: /bin/web\n");
        Assert.StartsWith("web Refused", Reload());
        Write("etc/web.yaml", "# mended\ncommand: /bin/web\n");
        Assert.Equal("web Cleared", Reload());
        Assert.Empty(_set.NamesWithProblems);
    }

    [Fact]
    public void What_never_could_be_used_is_gone_with_its_file()
    {
        Write("etc/web.yaml", "comand: /bin/web\n");
        Assert.StartsWith("web Unusable", Reload());
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Cleared", Reload());
        Assert.Empty(_set.NamesWithProblems);
        Write("etc/web.yaml", "");
        Assert.Equal("", Reload());
        Assert.Contains("web", _set.Masked);
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Cleared", Reload());
        Assert.Empty(_set.Masked);
        Assert.Equal("", Reload());
    }

    [Fact]
    public void Drop_ins_count_and_a_broken_one_is_refused()
    {
        Write("usr/web.yaml", "command: /bin/web\n");
        Reload();
        Write("etc/web.yaml.d/10.yaml", "umask: '077'\n");
        Assert.Equal("web Changed umask restart", Reload());
        Write("etc/web.yaml.d/20.yaml", "umaks: '077'\n");
        Assert.StartsWith("web Refused " + _root + "/etc/web.yaml.d/20.yaml:1:1: unknown key", Reload());
        Assert.Equal(63u, _set.Services["web"].Umask);
        File.Delete(_root + "/etc/web.yaml.d/20.yaml");
        Write("etc/web.yaml.d/10.yaml", "umask: '077' # as before\n");
        Assert.Equal("web Cleared", Reload());
        Directory.Delete(_root + "/etc/web.yaml.d", recursive: true);
        Assert.Equal("web Changed umask restart", Reload());
    }

    [Fact]
    public void A_file_of_variables_counts_by_its_content()
    {
        Write("web.env", "A=1\n");
        Write("etc/web.yaml", $"command: /bin/web\nenvironment-files: [{_root}/web.env, -{_root}/other.env]\n");
        Reload();
        Write("web.env", "A=1\n");
        Assert.Equal("", Reload());
        Write("web.env", "A=2\n");
        Assert.Equal($"web Changed environment-files.{_root}/web.env restart", Reload());
        Assert.Equal("", Reload());
        Write("other.env", "B=1\n");
        Assert.Equal($"web Changed environment-files.{_root}/other.env restart", Reload());
        Assert.DoesNotContain("A=2", System.Text.Encoding.UTF8.GetString(SavedSources.Write(_inUse)));
    }

    [Fact]
    public void A_fault_that_was_there_before_does_not_stop_its_operator_from_mending_something_else()
    {
        Write("etc/web.yaml", "command: /bin/web\nneeds: [nobody]\n");
        Reload();
        Write("etc/web.yaml", "command: /bin/web\nneeds: [nobody]\numask: '077'\n");
        Assert.StartsWith("web Changed umask restart", Reload());
        Write("etc/web.yaml", "comand: /bin/web\n");
        Assert.StartsWith("web Refused", Reload());
        Assert.Equal(63u, _set.Services["web"].Umask);
    }

    [Fact]
    public void Who_needs_what_was_refused_is_refused_with_it()
    {
        Write("etc/a.yaml", "command: /bin/a\n");
        Write("etc/b.yaml", "command: /bin/b\n");
        Reload();
        Write("etc/a.yaml", "command: /bin/a\nneeds: [b]\n");
        Write("etc/b.yaml", "command: /bin/b\nneeds: [c]\n");
        Write("etc/c.yaml", "command: /bin/c\nneeds: [a]\n");
        string said = Reload();
        Assert.Contains("a Refused", said);
        Assert.Contains("b Refused", said);
        Assert.Empty(_set.Services["a"].Needs);
        Assert.Equal(["a"], _set.Services["c"].Needs);
    }

    [Fact]
    public void What_is_held_stays_and_shows_again()
    {
        Write("etc/web.yaml", "command: /bin/web\n");
        Reload();
        Write("etc/web.yaml", "command: /bin/other\n");
        Assert.Equal("web Held", Reload(item => "not now"));
        Assert.Equal(["/bin/web"], _set.Services["web"].Command);
        File.Delete(_root + "/etc/web.yaml");
        Assert.Equal("web Held", Reload(item => "not now"));
        Assert.Equal("web Removed", Reload());
    }

    [Fact]
    public void Five_hundred_rounds_of_random_edits_keep_all_that_can_be_kept()
    {
        var random = new Random(3);
        string[] texts =
        [
            "command: /bin/a\n", "command: /bin/a\numask: '077'\n", "command: /bin/a\nneeds: [s1]\n", "command: /bin/a\nneeds: [s2]\nafter: [s3]\n",
            "command: /bin/a\nbefore: [s0]\n", "comand: /bin/a\n", "", "for-each: argument\ncommand: /bin/a\n", "type: group\nneeds: [s4]\n", "\0",
        ];
        for (int round = 0; round < 500; round++)
        {
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                string path = $"{(random.Next(2) == 0 ? "usr" : "etc")}/s{random.Next(5)}.yaml";
                if (random.Next(4) == 0) File.Delete($"{_root}/{path}");
                else Write(path, texts[random.Next(texts.Length)]);
            }
            var before = _set;
            string told = Reload();
            foreach (string name in before.Services.Keys)
                // Nobody who was in use is lost without a word.
                if (_set.InUse(name) is null) Assert.Contains($"{name} Removed", told);
            // What was refused for the sake of another may be taken up the next time; soon nothing is left to take up.
            int more = 0;
            while (System.Text.RegularExpressions.Regex.IsMatch(Reload(), "Added|Removed|Changed|Replaced")) Assert.True(++more < 4);
            var (_, copy) = Copy();
            Assert.Equal(_set.Services.Keys, copy.Services.Keys);
            Assert.Equal(_set.NamesWithProblems, copy.NamesWithProblems);
        }
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName($"{_root}/{path}")!);
        File.WriteAllText($"{_root}/{path}", text);
    }

    private string Reload(Func<ReloadItem, string?>? whyHeld = null)
    {
        var found = ServiceSources.Read([_root + "/usr", _root + "/etc"]);
        found.AddEnvironmentFiles(ServiceDirectory.Load(found));
        var plan = ReloadPlan.Make(_inUse, _set, found, whyHeld ?? (_ => null));
        (_inUse, _set) = (plan.Sources, plan.Set);
        return string.Join('\n', plan.Items.Select(Describe));
    }

    private static string Describe(ReloadItem item) => string.Join(' ', new[]
    {
        item.Name, item.Kind.ToString(), item.Kind is ReloadKind.Held ? "" : string.Join(',', item.Changes.Select(change => change.Key)),
        item.NeedsRestart && item.Kind is ReloadKind.Changed ? "restart" : "", string.Join('|', item.Problems),
    }.Where(word => word.Length > 0));

    private (ServiceSources, ServiceSet) Copy()
    {
        var copy = SavedSources.Read(SavedSources.Write(_inUse));
        return (copy, ServiceDirectory.Load(copy));
    }
}
