using Dora.Core.Configuration;
using Dora.Init.Manager.Supervision;
using Dora.Tests.Harness;
using Xunit;
using static Dora.Init.Manager.Supervision.ServicePhase;

namespace Dora.Init.Tests.Manager.Supervision;

/// <summary>Random graphs, and random things that happen to them: what must hold afterwards holds.</summary>
public class GraphWalkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_is_asked_and_whatever_fails_the_graph_comes_to_rest_in_order(int seed)
    {
        for (int round = 0; round < Fuzz.Rounds(25); round++) Walk(new Random(seed * 100_000 + round), $"seed {seed}, round {round}");
    }

    private static void Walk(Random random, string story)
    {
        using var world = new GraphWorld();
        string[] names = [.. Enumerable.Range(0, random.Next(2, 12)).Select(i => $"s{i}")];
        for (int i = 0; i < names.Length; i++)
        {
            string text = Text(random, names, i);
            world.Add(names[i], text);
            story += $"\n{names[i]}: {text.TrimEnd().Replace("\n", "; ")}";
        }
        world.Boot();
        for (int step = 0; step < 60; step++)
        {
            string name = names[random.Next(names.Length)];
            int what = random.Next(13);
            world.Messages.Add($"--- {what} {name}");
            switch (what)
            {
                case 0 or 1: world.Start(name); break;
                case 2: world.Stop(name); break;
                case 3: world.Restart(name); break;
                case 4: world.Crash(name); break;
                case 5: world.Exit(name, random.Next(3) == 0 ? 125 : random.Next(2)); break;
                case 6 or 7: world.Ready(name); break;
                case 8: _ = random.Next(2) == 0 ? world.Stubborn.Add(name) : world.Stubborn.Remove(name); break;
                case 9: _ = random.Next(3) == 0 ? world.Broken.Add(name) : world.Broken.Remove(name); break;
                case 10: world.Pin(name, random.Next(3) == 0 ? (ServicePin)random.Next(1, 3) : ServicePin.None); break;
                case 11 when world[name].State.HelperPid != 0: world.EndHelper(name, random.Next(2)); break;
                default: world.Pass(random.NextDouble() * 20); break;
            }
            CheckNow(world, names, () => $"{story}\n{string.Join("\n", world.Messages.TakeLast(25))}\n{world.Phases(names)}");
        }

        // Left alone, with nothing that is not ready and nobody who is pinned, it comes to rest.
        world.Broken.Clear();
        foreach (string name in names) world.Pin(name, ServicePin.None);
        for (int i = 0; i < 40; i++)
        {
            foreach (string name in names)
                if (world.Phase(name) == Starting) _ = world[name].Settings.Type == ServiceType.Oneshot ? world.Exit(name) : world.Ready(name);
            world.Pass(60);
        }
        foreach (string name in names)
        {
            var service = world[name];
            Assert.True(service.State.Phase is Running or Done or Stopped or Failed, $"{story}: {name} is {service.State.Phase} for ever, waiting for {world.Supervisor.WhatItWaitsFor(service)}");
            if (service.State.Phase is not Running) continue;
            foreach (string need in service.Settings.Needs)
                Assert.True(world[need].State.IsUp, $"{story}: {name} runs, and {need}, which it needs, is {world.Phase(need)}");
        }

        world.Supervisor.EndAll();
        world.Settle().Pass(1000);
        Assert.True(world.Supervisor.IsAllDown, $"{story}: {string.Join(", ", names.Select(name => $"{name} {world.Phase(name)}"))}");
    }

    private static void CheckNow(GraphWorld world, string[] names, Func<string> tell)
    {
        string? wrong = null;
        foreach (string name in names)
        {
            var (service, state) = (world[name], world[name].State);
            if (service.Pin is ServicePin.Down && state.Phase is Waiting or Backoff) wrong = $"{name} is pinned down and {state.Phase}";
            if (state.IsGivenUp && state is not { Phase: Failed, WantedUp: true, Reason.Length: > 0 }) wrong = $"{name} is given up and {state.Phase}";
            if (state.Phase is Waiting && world.Supervisor.WhatItWaitsFor(service) is null) wrong = $"{name} waits for nothing";
            if (state.Phase is not (Starting or Running) || service.Pin is ServicePin.Up) continue;
            foreach (string need in service.Settings.Needs)
                if (world[need].State.IsDown && !HoldsForPin(world, service)) wrong = $"{name} is {state.Phase}, and {need} is {world.Phase(need)}";
        }
        Assert.True(wrong is null, wrong is null ? "" : $"{wrong}: {tell()}");
    }

    // It has to stop, and is held by one that is pinned up, or by one that takes its time to stop.
    private static bool HoldsForPin(GraphWorld world, Service service) =>
        world.Supervisor.PinnedUp(service) is not null || world.Supervisor.UsersOf(service).Any(user => user.State.Phase is Stopping or Killing);

    // Only what comes earlier is needed, so that there are no circles of needs; wants and orders go anywhere.
    private static string Text(Random random, string[] names, int index)
    {
        var lines = new List<string>();
        bool isGroup = random.Next(8) == 0;
        if (isGroup) lines.Add("type: group");
        else
        {
            bool isOneshot = random.Next(5) == 0;
            if (isOneshot) lines.Add("type: oneshot");
            else if (random.Next(4) == 0) lines.Add("notify: fd");
            string when = isOneshot ? "on-failure" : new[] { "always", "on-failure", "never" }[random.Next(3)];
            lines.Add($"restart: {{when: {when}, delay: 1s, limit: {random.Next(1, 4)}{(random.Next(3) == 0 ? ", within: 1m" : "")}, jitter: 0.5}}");
            if (random.Next(4) == 0) lines.Add("post-stop: [/bin/clear]\nhelper-timeout: 5s");
            if (random.Next(5) == 0 && index > 0) lines.Add($"on-failure: {{start: {names[random.Next(index)]}}}");
        }
        string earlier(int most) => string.Join(", ", names[..index].OrderBy(_ => random.Next()).Take(random.Next(most + 1)));
        string others() => string.Join(", ", names.Where((_, i) => i != index).OrderBy(_ => random.Next()).Take(random.Next(1, 3)));
        if (random.Next(2) == 0 && earlier(3) is { Length: > 0 } needs) lines.Add($"needs: [{needs}]");
        if (random.Next(4) == 0 && earlier(2) is { Length: > 0 } milestone) lines.Add($"milestone: [{milestone}]");
        if (random.Next(4) == 0) lines.Add($"wants: [{others()}]");
        if (random.Next(4) == 0) lines.Add($"after: [{others()}]");
        if (random.Next(4) == 0) lines.Add($"before: [{others()}]");
        if (random.Next(4) == 0) lines.Add("start: demand");
        return string.Join("\n", lines) + "\n";
    }
}
