using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class ServiceGraphCheckTests
{
    [Fact]
    public void Unknown_need_is_an_error_and_unknown_want_and_after_are_warnings()
    {
        var set = Check(("web", "needs: [bd]\nwants: [mail]\nafter: [clock]"), ("db", ""));

        AssertProblems(set, "web",
            "web.yaml:1:9: needs: there is no service 'bd'; did you mean 'db'?",
            "web.yaml:2:9: warning: wants: there is no service 'mail'",
            "web.yaml:3:9: warning: after: there is no service 'clock'");
        AssertProblems(set, "db");
    }

    [Fact]
    public void Masked_and_broken_services_are_told_apart()
    {
        var set = Set(("web", "needs: [off, bad]"));
        set.Off.Add("off");
        set.AddProblem("bad", new Problem("bad.yaml", new(3, 1), "unknown key 'x'"));
        ServiceGraphCheck.Check(set);

        AssertProblems(set, "web",
            "web.yaml:1:9: needs: 'off' is masked",
            "web.yaml:1:14: needs: 'bad' has problems of its own: bad.yaml:3:1: unknown key 'x'");
    }

    [Fact]
    public void A_service_that_names_itself_is_an_error()
    {
        var set = Check(("web", "after: [web]"), ("dhcp", "for-each: wired-interface\nneeds: [dhcp@eth0]"));

        AssertProblems(set, "web", "web.yaml:1:9: after: the service names itself");
        AssertProblems(set, "dhcp", "dhcp.yaml:2:9: needs: the service names itself");
    }

    [Fact]
    public void A_cycle_is_told_to_each_of_its_services_with_the_path()
    {
        var set = Check(("a", "needs: [b]"), ("b", "after: [c]"), ("c", "wants: [x, b]\nneeds: [a]"), ("x", "needs: [a]"));

        AssertProblems(set, "a", "a.yaml:1:9: needs: a cycle: a -> b -> c -> a");
        AssertProblems(set, "b", "b.yaml:1:9: after: a cycle: b -> c -> a -> b");
        AssertProblems(set, "c", "c.yaml:2:9: needs: a cycle: c -> a -> b -> c");
        AssertProblems(set, "x");
    }

    [Fact]
    public void A_cycle_through_an_instance_is_found()
    {
        var set = Check(("dhcp", "for-each: wired-interface\nafter: [net]"), ("net", "needs: [dhcp@eth0]"));

        AssertProblems(set, "net", "net.yaml:1:9: needs: a cycle: net -> dhcp -> net");
    }

    [Fact]
    public void Wants_make_no_cycle_and_neither_do_diamonds()
    {
        var set = Check(("a", "wants: [b]"), ("b", "wants: [a]"), ("c", "needs: [d, e]"), ("d", "needs: [f]"), ("e", "needs: [f]\nafter: [f, d]"), ("f", ""));

        Assert.Empty(set.NamesWithProblems);
    }

    [Fact]
    public void Templates_can_be_wanted_as_a_whole_and_needed_by_instance()
    {
        var set = Check(("dhcp", "for-each: wired-interface"), ("a", "wants: [dhcp]\nafter: [dhcp, dhcp@eth0]\nneeds: [dhcp@eth0]"),
            ("b", "needs: [dhcp]"), ("c", "needs: [a@x]"));

        AssertProblems(set, "a");
        AssertProblems(set, "b", "b.yaml:1:9: needs: 'dhcp' is a template; name one instance: dhcp@ARGUMENT");
        AssertProblems(set, "c", "c.yaml:1:9: needs: 'a' is not a template, so there is no 'a@x'");
    }

    [Fact]
    public void There_can_be_one_logger()
    {
        var set = Check(("syslog", "logger: true"), ("zlog", "logger: true"));

        AssertProblems(set, "syslog");
        AssertProblems(set, "zlog", "zlog.yaml: logger: 'syslog' is the logger already; there can be one");
    }

    [Fact]
    public void A_chain_and_a_ring_of_thousands_are_walked_without_recursion()
    {
        var chain = Enumerable.Range(0, 5000).Select(i => ($"s{i}", i == 4999 ? "" : $"needs: [s{i + 1}]")).ToArray();
        Assert.Empty(ServiceGraphCheck.FindCycles(Set(chain).Services));

        chain[4999].Item2 = "needs: [s0]";
        Assert.Equal(5000, Assert.Single(ServiceGraphCheck.FindCycles(Set(chain).Services)).Count);
    }

    private static ServiceSet Check(params (string Name, string Text)[] services)
    {
        var set = Set(services);
        ServiceGraphCheck.Check(set);
        return set;
    }

    private static ServiceSet Set(params (string Name, string Text)[] services)
    {
        var set = new ServiceSet();
        foreach (var (name, text) in services)
        {
            var file = ServiceFileReader.Read(name + ".yaml", $"{text}\ncommand: /bin/a\n".TrimStart('\n'));
            Assert.Empty(file.Problems);
            set.Loaded.Add(name, file.Settings!);
        }
        return set;
    }

    private static void AssertProblems(ServiceSet set, string service, params string[] expected) =>
        Assert.Equal(string.Join("\n", expected), string.Join("\n", set.ProblemsOf(service)));
}
