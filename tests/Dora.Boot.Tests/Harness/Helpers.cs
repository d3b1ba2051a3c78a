using System.Collections.Concurrent;

namespace Dora.Boot.Tests.Harness;

/// <summary>Small static C programs (HelperPrograms/) that run inside machines.</summary>
static class Helpers
{
    static readonly ConcurrentDictionary<string, Lazy<string>> s_compiled = new();

    /// <summary>Path of the compiled program on the host.</summary>
    public static string Compile(string name) => s_compiled.GetOrAdd(name, _ => new Lazy<string>(() =>
    {
        string folder = Directory.CreateDirectory(Path.Combine(Artifacts.Out, "tests", "helpers")).FullName;
        string program = Path.Combine(folder, name);
        Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-s", "-o", program,
            Path.Combine(Artifacts.Repository, "tests/Dora.Boot.Tests/HelperPrograms", name + ".c")).Expect();
        return program;
    })).Value;
}
