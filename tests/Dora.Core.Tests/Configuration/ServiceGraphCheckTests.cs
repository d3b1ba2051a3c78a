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

    [Fact]
    public void Before_is_after_written_in_the_other_file()
    {
        var set = Check(("a", "before: [b]"), ("b", "before: [a]"));

        AssertProblems(set, "a", "b.yaml:1:10: before: a cycle: a -> b -> a");
        AssertProblems(set, "b", "a.yaml:1:10: before: a cycle: b -> a -> b");
    }

    [Fact]
    public void Dinit_cycles_of_every_kind_are_refused()
    {
        AssertProblems(Check(("a", "after: [b]"), ("b", "after: [a]")), "a", "a.yaml:1:9: after: a cycle: a -> b -> a");
        AssertProblems(Check(("a", "before: [b]\nafter: [b]"), ("b", "")), "a", "a.yaml:2:9: after: a cycle: a -> b -> a");
        AssertProblems(Check(("a", "after: [a]")), "a", "a.yaml:1:9: after: the service names itself");
        AssertProblems(Check(("a", "before: [a]")), "a", "a.yaml:1:10: before: the service names itself");
        AssertProblems(Check(("a", "milestone: [b]"), ("b", "needs: [a]")), "b", "b.yaml:1:9: needs: a cycle: b -> a -> b");
        AssertProblems(Check(("a", "needs: [b]"), ("b", "needs: [c]"), ("c", "needs: [b]")), "a");
    }

    [Fact]
    public void Dinit_pseudo_cycle_is_none()
    {
        var set = Check(("boot", "needs: [middle]"), ("middle", "needs: [service]"), ("service", "before: [boot]"));

        Assert.Empty(set.NamesWithProblems);
    }

    [Fact]
    public void Names_in_milestone_and_on_failure_have_to_be_there_and_those_in_before_need_not()
    {
        var set = Check(("web", "milestone: [bd]\nbefore: [mail]\non-failure: {start: alram}"), ("db", ""), ("alarm", ""), ("t", "for-each: argument\non-failure: {start: t@x}\nmilestone: [t2]"), ("t2", "for-each: argument"));

        AssertProblems(set, "web",
            "web.yaml:1:13: milestone: there is no service 'bd'; did you mean 'db'?",
            "web.yaml:2:10: warning: before: there is no service 'mail'",
            "web.yaml:3:21: on-failure: there is no service 'alram'; did you mean 'alarm'?");
        AssertProblems(set, "t",
            "t.yaml:2:21: on-failure: the service names itself",
            "t.yaml:3:13: milestone: 't2' is a template; name one instance: t2@ARGUMENT");
    }

    [Fact]
    public void A_chain_has_at_most_a_thousand_services()
    {
        (string, string)[] Chain(int length) => [.. Enumerable.Range(0, length).Select(i => ($"s{i:0000}", i == length - 1 ? "" : $"needs: [s{i + 1:0000}]"))];

        Assert.Empty(Check(Chain(1000)).NamesWithProblems);
        var set = Check(Chain(1001));
        AssertProblems(set, "s0000", "s0000.yaml:1:9: needs: the chain of services that begins with 's0000' is longer than 1000");
        Assert.Equal(["s0000"], set.NamesWithProblems);
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
