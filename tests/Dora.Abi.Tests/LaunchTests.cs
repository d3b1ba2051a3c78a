using System.Text;
using Dora.Core.Linux;
using Dora.Init;
using Dora.Init.Launching;

namespace Dora.Abi.Tests;

/// <summary>The structures that init shares with native/launch.c. That file has no header, so it is included whole.</summary>
public class LaunchTests
{
    static readonly Dictionary<string, string> s_fields = new() { ["Plan.Arguments"] = "argv", ["Plan.Environment"] = "envp" };

    [Fact]
    public void Step_and_Plan_lie_in_memory_as_launch_c_reads_them()
    {
        string source = Path.Combine(Repository.Root, "src/Dora.Init/native/launch.c");
        var program = new CProgram($"#include \"{source}\"");
        var expected = new List<(string Name, int Value)>();
        foreach (var (type, inC) in new[] { (typeof(Native.Step), "struct step"), (typeof(Native.Plan), "struct plan") })
        {
            Add($"{inC} size", Layout.SizeOf(type), $"sizeof({inC})");
            foreach (var field in Layout.SharedFields(type))
            {
                string name = s_fields.GetValueOrDefault($"{type.Name}.{field.Name}", SnakeCase(field.Name));
                Add($"{inC} {name} offset", Layout.OffsetOf(field), $"offsetof({inC}, {name})");
                Add($"{inC} {name} size", Layout.SizeOf(field.FieldType), $"sizeof((({inC} *)0)->{name})");
            }
        }
        Add("STEP_WRITE_PID", (int)SystemCall.WritePid, "STEP_WRITE_PID");
        Add("STEP_WRITE_FILE", (int)SystemCall.WriteFile, "STEP_WRITE_FILE");
        Add("SLOTS", LaunchPlanBuilder.Slots, "SLOTS");
        var answers = program.Answers();
        Assert.True(expected.Count >= 26, $"only {expected.Count} values compared");
        Assert.Empty(expected.Where(e => answers[e.Name] != e.Value).Select(e => $"{e.Name}: {e.Value} in C#, {answers[e.Name]} in C"));

        void Add(string name, int value, string expression)
        {
            expected.Add((name, value));
            program.Ask(name, expression);
        }
    }

    static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
