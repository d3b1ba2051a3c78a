using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

// The operator edits files and reloads them. What he changes is what nobody needs: whom a restart takes along, and what
// that means to one that was killed a moment ago, is a question of order that only the pure tests can ask.
public partial class ChaosTests
{
    const int Extras = 5, DescriptorsOfOne = 4; // pipes and what watches a cgroup

    static int s_round;

    static string Edit(InitInNamespace init, Member member, HashSet<string> extras, Random random)
    {
        string done = random.Next(4) switch
        {
            0 => Extra(init, extras, random),
            _ when member.IsNeeded || member.Kind is Kind.Oneshot or Kind.Never => "nothing",
            1 => Break(init, member),
            _ => Change(init, member),
        };
        if (done != "nothing") Post(init, "/v1/reload");
        return done;
    }

    static string Change(InitInNamespace init, Member member)
    {
        Write(init, member.Name, member.Text + $"environment: {{ROUND: {member.Round = ++s_round}}}\n");
        return "edited";
    }

    static string Break(InitInNamespace init, Member member)
    {
        Write(init, member.Name, "half a li");
        return "edited badly";
    }

    static string Extra(InitInNamespace init, HashSet<string> extras, Random random)
    {
        string name = $"x{random.Next(Extras)}";
        if (extras.Remove(name))
        {
            File.Delete(PathOf(init, name));
            return "removed";
        }
        extras.Add(name);
        Write(init, name, "command: [/bin/sleep, '100000']\nrestart: always\n");
        return "added";
    }

    /// <summary>Files are in use as they were edited last, where they are fine; and services are there that have one.</summary>
    static void WaitUntilReloaded(InitInNamespace init, List<Member> members, HashSet<string> extras)
    {
        foreach (var member in members.Where(member => Runs(member) && member.Round > 0))
            init.WaitFor($"{member.Name} with ROUND={member.Round}", () => init.ProcessesIn($"dora/services/{member.Name}") is [var pid]
                && File.ReadAllText($"/proc/{pid}/environ").Split('\0').Contains($"ROUND={member.Round}"));
        for (int i = 0; i < Extras; i++)
        {
            string name = $"x{i}";
            if (extras.Contains(name)) init.WaitForState(name, "running");
            else init.WaitFor($"{name} to be gone", () => !init.Services().ContainsKey(name));
        }
    }

    static string PathOf(InitInNamespace init, string name) => init.Inside($"/etc/dora/services/{name}.yaml");

    static void Write(InitInNamespace init, string name, string text) => File.WriteAllText(PathOf(init, name), text);
}
