using System.Text.Json;

namespace Dora.Boot.Tests.Harness;

/// <summary>out/figures.json: one flat object, which tests/run prints with the budgets beside it.</summary>
static class Figures
{
    static readonly Lock s_gate = new();

    public static void Record(string name, long value)
    {
        lock (s_gate)
        {
            string file = Path.Combine(Artifacts.Out, "figures.json");
            var all = File.Exists(file) ? JsonSerializer.Deserialize<SortedDictionary<string, long>>(File.ReadAllText(file))! : [];
            all[name] = value;
            File.WriteAllText(file, JsonSerializer.Serialize(all, s_options) + "\n");
        }
    }

    static readonly JsonSerializerOptions s_options = new() { WriteIndented = true };
}
