using System.Diagnostics;
using System.Text;

namespace Dora.Abi.Tests;

/// <summary>Whose headers a program is compiled with: what init, syslog and dora are made with here, or for Alpine.</summary>
public enum CLibrary
{
    Glibc,
    Musl,
}

/// <summary>
/// A C program that prints values under names: <see cref="Ask"/> for each, then <see cref="Answers"/> compiles it with
/// clang, runs it, and gives what it printed. The compiler is the only authority here: nothing is parsed from headers.
/// </summary>
sealed class CProgram(string preamble, CLibrary library = CLibrary.Glibc)
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);
    readonly StringBuilder _body = new();

    /// <summary>Asks for the value of an integer constant expression.</summary>
    public void Ask(string name, string expression) =>
        // The conversion is of the value: a negative int stays negative, an unsigned one positive.
        _body.Append("    printf(\"%s %lld\\n\", \"").Append(name).Append("\", (long long)(").Append(expression).Append("));\n");

    /// <summary>The values by name. A program that does not compile throws with the compiler's own words.</summary>
    public Dictionary<string, long> Answers()
    {
        var folder = Directory.CreateTempSubdirectory("pandora-abi-");
        try
        {
            string source = Path.Combine(folder.FullName, "abi.c"), program = Path.Combine(folder.FullName, "abi");
            File.WriteAllText(source, preamble + "\n#include <stdio.h>\n#include <stddef.h>\nint main(void)\n{\n" + _body + "    return 0;\n}\n");
            // Every error at once: a constant that C does not know is then named together with all the others.
            if (library == CLibrary.Glibc) Run("clang", "-std=gnu11", "-Wall", "-Wno-unused-function", "-ferror-limit=0", "-o", program, source);
            // The kernel's headers lie beside those of glibc, and behind musl's own.
            else Run("musl-gcc", "-idirafter", "/usr/include", "-idirafter", "/usr/include/x86_64-linux-gnu", "-std=gnu11", "-o", program, source);
            var answers = new Dictionary<string, long>();
            foreach (string line in Run(program).Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                int space = line.LastIndexOf(' ');
                answers.Add(line[..space], long.Parse(line[(space + 1)..]));
            }
            return answers;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    static string Run(string file, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(file, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(s_limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file}: not done after {s_limit.TotalSeconds} s");
        }
        if (process.ExitCode != 0) throw new InvalidOperationException($"{file}: exit code {process.ExitCode}\n{errors.Result}");
        return output.Result;
    }
}
