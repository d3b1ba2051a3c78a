using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests.Output;

public class TableTests
{
    private static string Written(int? width, bool colour, Action<Screen> write)
    {
        using var fd = new FileDescriptor(-1);
        var screen = new Screen(fd, isTerminal: width is not null, colour, width);
        write(screen);
        return screen.Take();
    }

    private static void Sample(Screen screen)
    {
        var table = new Table("NAME", "PID", "NOTE") { AlignRight = [1], Dispensable = [1] };
        table.Add(("web", Tone.Plain), ("7", Tone.Plain), ("it cannot open its key", Tone.Bad));
        table.Add(("日本", Tone.Plain), ("1234", Tone.Plain), ("ok", Tone.Good));
        table.Write(screen);
    }

    [Fact]
    public void Without_a_terminal_a_row_is_a_line() => Assert.Equal("""
        NAME   PID  NOTE
        web      7  it cannot open its key
        日本  1234  ok

        """, Written(null, false, Sample));

    [Fact]
    public void What_fits_is_the_same_on_a_terminal() => Assert.Equal(Written(null, false, Sample), Written(80, false, Sample));

    [Fact]
    public void Where_it_does_not_fit_columns_go_and_the_last_is_wrapped() => Assert.Equal("""
        NAME  NOTE
        web   it cannot open its
              key
        日本  ok

        """, Written(25, false, Sample));

    [Theory]
    [InlineData(20)]
    [InlineData(21)]
    [InlineData(30)]
    [InlineData(33)]
    [InlineData(80)]
    public void No_line_is_wider_than_the_terminal(int width)
    {
        foreach (string line in Written(width, false, Sample).Split('\n'))
        {
            Assert.InRange(Layout.WidthOf(line), 0, width);
            Assert.Equal(line.TrimEnd(), line);
        }
    }

    [Fact]
    public void Colour_is_only_paint()
    {
        string painted = Written(25, true, Sample);
        Assert.Contains("\e[31mit cannot open its\e[0m\n", painted);
        Assert.Contains("\e[32mok\e[0m", painted);
        Assert.Equal(Written(25, false, Sample), System.Text.RegularExpressions.Regex.Replace(painted, "\e\\[[0-9]*m", ""));
    }

    [Fact]
    public void Markup_of_others_is_text() => Assert.Contains("[red]x[/] [[", Written(20, false, screen =>
    {
        var table = new Table("A", "B");
        table.Add(("[red]x[/] [[", Tone.Plain), ("a long text that is wrapped", Tone.Plain));
        table.Write(screen);
    }));

    [Fact]
    public void A_tree_names_what_is_not_there_and_ends_in_circles()
    {
        ServiceSummary Of(string name, params string[] needs) => new() { Name = name, Type = "daemon", State = "running", Needs = needs };
        string tree = Written(80, false, screen => ServiceTree.Write(screen, [Of("a", "b"), Of("b", "a"), Of("c", "nix")], null, default));
        Assert.Contains("nix: there is no such service", tree);
        Assert.Contains("a running", tree);
        Assert.Contains("b running", tree);
        Assert.InRange(tree.Split('\n').Length, 4, 7);
    }

    [Fact]
    public void Shares_are_those_between_two_looks_and_of_one_run()
    {
        var table = new UsageTable();
        table.Take([new() { Name = "a", State = "running", CpuMs = 1000 }, new() { Name = "b", State = "running", CpuMs = 5000 }], TimeSpan.FromSeconds(10));
        table.Take([new() { Name = "a", State = "running", CpuMs = 1500, MemoryBytes = 1 << 20 }, new() { Name = "b", State = "running", CpuMs = 10 }, new() { Name = "c", State = "failed" }], TimeSpan.FromSeconds(11));
        string[] lines = Written(null, false, screen => table.Write(screen)).Split('\n');
        Assert.Matches("^a +running +50.0 +1.50 s +1.0 MiB ", lines[1]);
        Assert.Matches("^b +running +- +0.01 s +- ", lines[2]); // started anew in between
        Assert.Equal("3 services, 2 running, 1 failed; CPU 50.0 %, memory 1.0 MiB, 0 tasks", table.Sum());
        table.Order = 'n';
        Assert.StartsWith("a ", Written(null, false, screen => table.Write(screen, most: 1)).Split('\n')[1]);
    }

    [Theory]
    [InlineData(null, "-")]
    [InlineData(0L, "0 B")]
    [InlineData(1023L, "1023 B")]
    [InlineData(1024L, "1.0 KiB")]
    [InlineData(10_240L, "10 KiB")]
    [InlineData(1_048_575L, "1.0 MiB")]
    [InlineData(long.MaxValue, "8388608 TiB")]
    public void Sizes_are_short(long? bytes, string expected) => Assert.Equal(expected, UsageTable.Size(bytes));
}
