using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// The published init has no regular expressions (ILLink.Substitutions.xml), which the YAML parser wants to look at the
/// names of anchors with: they are refused all the same, at their place, whatever characters are in the name.
/// </summary>
public class AnchorTests
{
    [Fact]
    public void Anchors_and_aliases_are_refused_at_their_place_by_the_published_program()
    {
        using var init = new InitInNamespace(new Dictionary<string, string>
        {
            ["anchor"] = "command:\n  - &name /bin/true\n",
            ["alias"] = "command:\n  - /bin/echo\n  - *name\n",
            ["odd"] = "command: [&a{b /bin/true]\n",
            ["web"] = "command: [/bin/sleep, '1000']\n",
        });
        init.WaitForState("web", "running");
        Assert.Equal((2, 5, "anchors are not allowed: leave out '&name'"), FirstProblem(init, "anchor"));
        Assert.Equal((3, 5, "aliases are not allowed: write out what '*name' stands for"), FirstProblem(init, "alias"));
        Assert.Equal(1, FirstProblem(init, "odd").Line);
    }

    private static (int Line, int Column, string Message) FirstProblem(InitInNamespace init, string service)
    {
        var problem = init.Get($"/v1/services/{service}").GetProperty("problems")[0];
        return (problem.GetProperty("line").GetInt32(), problem.GetProperty("column").GetInt32(), problem.GetProperty("message").GetString()!);
    }
}
