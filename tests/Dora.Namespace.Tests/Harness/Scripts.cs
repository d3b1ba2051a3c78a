namespace Dora.Namespace.Tests.Harness;

/// <summary>Service files around small shell scripts, and the C programs that scripts call.</summary>
static class Scripts
{
    /// <summary>A service that runs <paramref name="script"/>, with further settings.</summary>
    public static string Service(string script, string settings = "") => $"command: {Words(script)}\n{settings}";

    /// <summary>A shell script as the value of a key that takes a command.</summary>
    public static string Words(string script) => "[/bin/sh, -c, \"" + script.Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n") + "\"]";

    /// <summary>Compiles a program of tests/Dora.Boot.Tests/HelperPrograms into /pandora of a root to be.</summary>
    public static void Compile(string files, string name)
    {
        string source = Path.Combine(InitInNamespace.Repository(), "tests/Dora.Boot.Tests/HelperPrograms", name + ".c");
        Programs.Run(TimeSpan.FromSeconds(60), "clang", "-static", "-O1", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o",
            Path.Combine(files, "pandora", name), source).Expect();
    }
}
