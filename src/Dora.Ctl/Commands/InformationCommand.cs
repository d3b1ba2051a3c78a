using System.CommandLine;
using Dora.Core.Client;
using Dora.Core.Protocol.Json;
using Dora.Core.Protocol.Machine;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary><c>dora machine [info|cpu|memory|disks|nics|os|ports|dmi|processes|process|kill]</c>.</summary>
internal static class InformationCommand
{
    public static Command Build(Binder bind)
    {
        var machine = new Command("machine", "the machine: cpu, memory, disks, network, ports, processes")
        {
            Plain("info", "all of it on one screen", bind, Overview),
            Show("cpu", "processors, their load and where their time went", bind, client => client.Cpu(), MachineReport.WriteCpu),
            Show("memory", "memory and what it is used for", bind, client => client.Memory(), MachineReport.WriteMemory),
            Show("disks", "disks, partitions and where they are mounted", bind, client => client.Disks(), MachineReport.WriteDisks),
            Show("nics", "network interfaces and their addresses", bind, client => client.Nics(), MachineReport.WriteNics),
            Show("os", "kernel, distribution, uptime", bind, client => client.Os(), MachineReport.WriteOs),
            Show("ports", "sockets that listen, and whose they are", bind, client => client.Ports(), MachineReport.WritePorts),
            Show("dmi", "what the firmware says of the machine", bind, client => client.Dmi(), MachineReport.WriteDmi),
            Processes(bind),
            Process(bind),
            Kill(bind),
        };
        machine.SetAction(bind(static (context, _) => Overview(context)));
        return machine;
    }

    private static Command Plain(string name, string description, Binder bind, Func<Context, int> run)
    {
        var command = new Command(name, description);
        command.SetAction(bind((context, _) => run(context)));
        return command;
    }

    private static Command Show<T>(string name, string description, Binder bind, Func<DoraClient, Answer<T>> ask, Action<Screen, T> write) =>
        Plain(name, description, bind, context =>
        {
            var answer = ask(context.Client);
            if (context.Json) context.Out.WriteJson(answer.Json);
            else write(context.Out, answer.Value);
            return ExitCodes.Ok;
        });

    private static int Overview(Context context)
    {
        var client = context.Client;
        var (os, osJson) = client.Os();
        var (cpu, cpuJson) = client.Cpu();
        var (memory, memoryJson) = client.Memory();
        var (disks, disksJson) = client.Disks();
        var (nics, nicsJson) = client.Nics();
        var (dmi, dmiJson) = client.Dmi();
        if (context.Json)
        {
            // The answers as they came, each under the name of its path.
            string separator = "{";
            foreach (var (name, json) in ((string, byte[])[])[("os", osJson), ("cpu", cpuJson), ("memory", memoryJson), ("disks", disksJson), ("nics", nicsJson), ("dmi", dmiJson)])
            {
                context.Out.Write($"{separator}\"{name}\":");
                context.Out.WriteRaw(json.AsSpan().TrimEnd((byte)'\n'));
                separator = ",";
            }
            context.Out.WriteLine("}");
        }
        else MachineReport.WriteOverview(context.Out, os, cpu, memory, disks, nics, dmi);
        return ExitCodes.Ok;
    }

    private static Command Processes(Binder bind)
    {
        var tree = new Option<bool>("--tree", "-t") { Description = "by service, each process below the one that started it" };
        var kernel = new Option<bool>("--kernel", "-k") { Description = "threads of the kernel too" };
        var service = new Argument<string?>("SERVICE") { Description = "only those of this service", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("processes", "all processes, with the services that they belong to") { service, tree, kernel };
        command.SetAction(bind((context, parsed) =>
        {
            var (processes, json) = context.Client.Processes();
            var wanted = new List<ProcessInfo>();
            string? only = parsed.GetValue(service);
            foreach (var process in processes)
                if (only is null ? process.Kernel != true || parsed.GetValue(kernel) : process.Service == only) wanted.Add(process);
            if (context.Json) context.Out.WriteJson(only is null ? json : JsonMapWriter.WriteList(wanted));
            else if (parsed.GetValue(tree)) ProcessTree.Write(context.Out, wanted);
            else MachineReport.WriteProcesses(context.Out, wanted, context.Now);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command Process(Binder bind)
    {
        var pid = new Argument<int>("PID") { Description = "number of a process" };
        var command = new Command("process", "one process and its limits") { pid };
        command.SetAction(bind((context, parsed) =>
        {
            var (process, json) = context.Client.Process(parsed.GetValue(pid));
            if (context.Json) context.Out.WriteJson(json);
            else MachineReport.WriteProcess(context.Out, process, context.Now);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command Kill(Binder bind)
    {
        var pids = new Argument<int[]>("PID") { Description = "numbers of processes", Arity = ArgumentArity.OneOrMore };
        var signal = new Option<string>("--signal", "-s") { Description = "name or number of the signal; TERM unless told", HelpName = "SIGNAL", DefaultValueFactory = _ => "TERM" };
        var started = new Option<long?>("--started") { Description = "only if it was started then (startedAt.bootMs): its number may be another's by now", HelpName = "MS" };
        var command = new Command("kill", "send a signal to processes") { pids, signal, started };
        command.SetAction(bind((context, parsed) =>
        {
            foreach (int pid in parsed.GetValue(pids)!)
            {
                var (sent, json) = context.Client.Kill(pid, parsed.GetValue(signal)!, parsed.GetValue(started));
                if (context.Json) context.Out.WriteJson(json);
                else context.Out.WriteLine(context.Out.Foreign($"{sent.Pid} ({sent.Name}): {sent.Signal} sent{(sent.Service is { } service ? $"; it belongs to service {service}" : "")}"));
                context.Out.Flush();
            }
            return ExitCodes.Ok;
        }));
        return command;
    }
}
