namespace Dora.Tests.Harness;

/// <summary>Counts that tests/soak makes larger by environment variables.</summary>
static class Settings
{
    public static int Count(string variable, int usual) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int count) && count > 0 ? count : usual;
}
