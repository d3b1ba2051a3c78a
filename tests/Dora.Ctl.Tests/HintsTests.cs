using System.Text.RegularExpressions;
using Dora.Core.Client;
using Dora.Core.Protocol;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests;

public partial class HintsTests
{
    /// <summary>What has happened is named in the same way.</summary>
    private static readonly string[] s_events = [.. typeof(EventKinds).GetFields().Select(field => (string)field.GetRawConstantValue()!)];

    [GeneratedRegex(@"`((?:http|path|request|access|service|change|log|machine|init|reload|exec|session|file|process|disk|storage|events?|console)\.[a-z]+(?:-[a-z]+)*)`")]
    private static partial Regex NameInDocument();

    [GeneratedRegex("\"((?:http|path|request|access|service|change|log|machine|init|reload|exec|session|file|process|disk|storage|events?|console)\\.[a-z]+(?:-[a-z]+)*)\\\\?\"")]
    private static partial Regex NameInSource();

    private static IEnumerable<string> Documented() =>
        NameInDocument().Matches(File.ReadAllText(Repository.File("docs/protocol.md"))).Select(match => match.Groups[1].Value).Except(s_events).Append("internal").Distinct();

    private static IEnumerable<string> InSource() =>
        Directory.EnumerateFiles(Repository.File("src/Dora.Init"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/obj/")).SelectMany(File.ReadLines).SelectMany(line => NameInSource().Matches(line)).Select(match => match.Groups[1].Value).Except(s_events).Distinct();

    [Fact]
    public void Every_error_of_the_API_has_a_hint()
    {
        Assert.True(InSource().Count() > 25, "the source was not found");
        Assert.DoesNotContain(InSource().Concat(Documented()), name => Hints.For(name) is not { Length: > 10 });
    }

    [Fact]
    public void Every_error_of_the_API_is_in_the_document() => Assert.Empty(InSource().Except(Documented()));

    [Fact]
    public void Every_hint_is_for_an_error_that_there_is() => Assert.Empty(Hints.ByName.Keys.Except(Documented()));

    [Fact]
    public void No_hint_names_what_the_machine_does_not_have()
    {
        var all = Hints.ByName.Values.Concat(Enum.GetValues<DoraFailure>().Select(failure => Hints.For(new DoraException(failure, "x")) ?? ""));
        Assert.DoesNotContain(all, hint => hint.Contains("docs/") || hint.Contains("pgrep") || hint.Contains("curl") || hint.Contains("jq "));
    }

    [Fact]
    public void Every_failure_without_an_answer_has_a_hint()
    {
        foreach (var failure in Enum.GetValues<DoraFailure>())
        {
            if (failure is DoraFailure.NotFound or DoraFailure.Refused) continue; // these come with an answer
            Assert.False(string.IsNullOrEmpty(Hints.For(new DoraException(failure, "x"))), failure.ToString());
        }
    }

    [Fact]
    public void A_hint_names_what_it_is_about()
    {
        var pinned = new DoraException(DoraFailure.Refused, "x", new ErrorBody("service.pinned", "web@1: is pinned down"));
        Assert.Equal("'dora service unpin web@1' lets go of it", Hints.For(pinned));
        var disk = new DoraException(DoraFailure.Refused, "x", new ErrorBody("disk.failed", "vda (QEMU: fast, serial 7, 2.0 GiB): write at 512"));
        Assert.StartsWith("the disk did not do what it was asked for: 'dora disk health vda'", Hints.For(disk));
        var odd = new DoraException(DoraFailure.Refused, "x", new ErrorBody("service.pinned", "it is odd: so"));
        Assert.Equal("'dora service unpin NAME' lets go of it", Hints.For(odd));
    }

    public static TheoryData<string> Results() => [.. typeof(ServiceResults).GetFields().Select(field => (string)field.GetRawConstantValue()!)];

    [Theory]
    [MemberData(nameof(Results))]
    public void Every_result_of_a_failed_service_has_an_advice(string result)
    {
        var status = new ServiceStatus(new ServiceSummary { Name = "web", Type = "daemon", State = ServiceStates.Failed }) { Result = result, File = "/etc/web.yaml", Command = ["/bin/web"] };
        string? advice = Advice.For(status);
        if (result == ServiceResults.Success) Assert.Null(advice);
        else Assert.True(advice is not null && !advice.StartsWith("see its log: ", StringComparison.Ordinal), advice);
        Assert.Null(Advice.For(status with { State = ServiceStates.Running }));
    }

    [Theory]
    [InlineData("ENOENT", "see whether /bin/web is there")]
    [InlineData("EACCES", "may execute /bin/web")]
    [InlineData("ENOEXEC", "#!")]
    [InlineData("ELIBBAD", "can be executed")]
    public void What_cannot_be_executed_is_told_by_its_errno(string errno, string expected) => Assert.Contains(expected,
        Advice.For(new ServiceStatus(new ServiceSummary { Name = "web", Type = "daemon", State = ServiceStates.Failed }) { Result = "exec-failed", Errno = errno, Command = ["/bin/web"] }));
}
