namespace Dora.Tests.Harness;

/// <summary>How many rounds a fuzz test makes: few in every run, many more in tests/soak (PANDORA_FUZZ_FACTOR).</summary>
static class Fuzz
{
    static readonly int s_factor = int.TryParse(Environment.GetEnvironmentVariable("PANDORA_FUZZ_FACTOR"), out int factor) && factor > 0 ? factor : 1;

    public static int Rounds(int usual) => (int)Math.Min((long)usual * s_factor, int.MaxValue);
}
