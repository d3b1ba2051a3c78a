using System.Diagnostics;

namespace Dora.Tests.Harness;

/// <summary>What a program gave back.</summary>
public sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>The output of a program that must succeed; its errors are in the message otherwise.</summary>
    public string Expect(int exitCode = 0)
    {
        if (ExitCode != exitCode) throw new InvalidOperationException($"exit code {ExitCode}, not {exitCode}\n{Output}{Errors}");
        return Output;
    }
}

/// <summary>Runs programs of the host; every wait is bounded.</summary>
public static class Programs
{
    public static Outcome Run(TimeSpan limit, string file, params IEnumerable<string> arguments) => RunWithInput(limit, null, file, arguments);

    public static Outcome RunWithInput(TimeSpan limit, string? input, string file, params IEnumerable<string> arguments)
    {
        var list = arguments.ToList();
        using var process = Process.Start(new ProcessStartInfo(file, list)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        try
        {
            if (input is not null) process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading all of its input; its exit code tells.
        }
        // The pipes count too: a grandchild that keeps them open would otherwise hold us for ever.
        if (!Task.WaitAll([output, errors, process.WaitForExitAsync()], limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', list)}: not done after {limit.TotalSeconds} s");
        }
        return new Outcome(process.ExitCode, output.Result, errors.Result);
    }
}
