namespace Dora.Ctl;

/// <summary>Our environment, for programs that we start.</summary>
internal static class ProcessEnvironment
{
    public static string[] Words()
    {
        var all = new List<string>();
        foreach (System.Collections.DictionaryEntry variable in Environment.GetEnvironmentVariables()) all.Add($"{variable.Key}={variable.Value}");
        return [.. all];
    }
}
