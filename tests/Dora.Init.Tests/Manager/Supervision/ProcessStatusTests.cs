using Dora.Init.Manager.Supervision;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision;

public class ProcessStatusTests
{
    private const string Rest = " S 1 77 77 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765 1000 10 18446744073709551615";

    [Theory]
    [InlineData("77 (sleep)")]
    [InlineData("77 (a b)")]
    [InlineData("77 (x) R 5 (y)")]
    [InlineData("77 ())")]
    [InlineData("77 (()")]
    public void Parent_and_start_are_found_whatever_the_name(string begin) =>
        Assert.Equal(new ProcessStatus(1, 98765), ProcessStatus.Parse(begin + Rest));

    [Theory]
    [InlineData("")]
    [InlineData("77")]
    [InlineData("77 (sleep) S 1")]
    [InlineData("77 (sleep) S x 77 77 0 -1 4194560 100 0 0 0 1 2 0 0 20 0 1 0 98765")]
    public void What_is_cut_short_or_wrong_is_nothing(string text) => Assert.Null(ProcessStatus.Parse(text));

    [Fact]
    public void Any_text_is_read_without_harm()
    {
        var random = new Random(7);
        const string alphabet = "0123456789() S-\n\t";
        for (int i = 0; i < 20_000; i++)
        {
            var text = new char[random.Next(120)];
            for (int c = 0; c < text.Length; c++) text[c] = alphabet[random.Next(alphabet.Length)];
            ProcessStatus.Parse(new string(text));
        }
    }

    [Fact]
    public void This_process_has_a_parent_and_a_start() => Assert.True(ProcessStatus.Read(Environment.ProcessId) is { ParentPid: > 0, StartTicks: > 0 });
}
