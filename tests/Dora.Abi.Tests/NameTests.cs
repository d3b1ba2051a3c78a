using System.Text;
using Dora.Core.Configuration;

namespace Dora.Abi.Tests;

/// <summary>Tables that go by position, each entry against the number that C knows by its name.</summary>
public class NameTests
{
    // What the headers of the oldest supported distribution know; later calls have their numbers from the kernel's table.
    const int LastInHeaders = 450;

    [Fact]
    public void Every_system_call_has_the_number_of_its_place()
    {
        string[] calls = [.. Enumerable.Range(0, SystemCallName.End).Select(SystemCallName.Of).Where(name => name.Length > 0)];
        Assert.True(calls.Length > 370);
        Compare("#include <sys/syscall.h>", calls, "__NR_", name => SystemCallName.Find(Encoding.ASCII.GetBytes(name)), LastInHeaders);
    }

    [Fact]
    public void Every_capability_has_the_number_of_its_place() =>
        Compare("#include <linux/capability.h>", CapabilityName.Names, "CAP_", CapabilityName.Find, 63, upper: true);

    [Fact]
    public void Every_resource_limit_has_its_number()
    {
        Assert.Equal(16, ResourceLimitName.All.Count);
        Compare("#include <sys/resource.h>", ResourceLimitName.Names, "RLIMIT_", name => ResourceLimitName.Find(name)!.Number, 15, upper: true);
    }

    static void Compare(string headers, IEnumerable<string> names, string prefix, Func<string, int> numberOf, int last, bool upper = false)
    {
        var program = new CProgram(headers);
        var asked = names.Where(name => numberOf(name) <= last).ToList();
        Assert.True(asked.Count >= 16);
        foreach (string name in asked) program.Ask(name, prefix + (upper ? name.ToUpperInvariant() : name));
        var answers = program.Answers();
        Assert.Empty(asked.Where(name => answers[name] != numberOf(name)).Select(name => $"{name}: {numberOf(name)} here, {answers[name]} in C"));
    }
}
