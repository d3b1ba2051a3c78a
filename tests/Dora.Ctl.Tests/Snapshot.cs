using Xunit;

namespace Dora.Ctl.Tests;

/// <summary>A file of the repository that has to say what dora says. PANDORA_RECORD=1 writes it anew, for the eyes of whoever commits it.</summary>
internal static class Snapshot
{
    public static void Check(string file, string actual)
    {
        string path = Repository.File(file);
        if (Environment.GetEnvironmentVariable("PANDORA_RECORD") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, actual);
            return;
        }
        string expected = File.Exists(path) ? File.ReadAllText(path) : "";
        if (expected != actual)
            Assert.Fail($"{file} does not say what dora says. If dora is right: PANDORA_RECORD=1 dotnet test tests/Dora.Ctl.Tests, then look at the difference and commit it.\n{Difference(expected, actual)}");
    }

    /// <summary>Lines that are only in one of the two, with their numbers.</summary>
    private static string Difference(string expected, string actual)
    {
        string[] before = expected.Split('\n'), after = actual.Split('\n');
        var lines = new List<string>();
        for (int i = 0; i < Math.Max(before.Length, after.Length) && lines.Count < 40; i++)
        {
            string? old = i < before.Length ? before[i] : null, now = i < after.Length ? after[i] : null;
            if (old == now) continue;
            if (old is not null) lines.Add($"{i + 1,4} - {old.Replace("\e", "\\e")}");
            if (now is not null) lines.Add($"{i + 1,4} + {now.Replace("\e", "\\e")}");
        }
        return string.Join('\n', lines);
    }
}
