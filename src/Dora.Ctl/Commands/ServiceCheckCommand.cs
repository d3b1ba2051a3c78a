using System.CommandLine;
using Dora.Core.Configuration;
using Dora.Core.Configuration.Schedules;
using Dora.Core.Linux;
using Dora.Core.Protocol.Json;

namespace Dora.Ctl.Commands;

/// <summary>
/// <c>dora service check</c>: reads service files as init does, without init. A folder given takes the place of the system's
/// two; a file given is checked as if it lay in the operator's folder.
/// </summary>
internal static class ServiceCheckCommand
{
    private static readonly string[] s_system = ["/usr/lib/dora/services", "/etc/dora/services"];

    public static Command Build(Binder bind)
    {
        var paths = new Argument<string[]>("PATH") { Description = "service files, or folders of them, instead of the system's folders", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("check", "read service files and say what is wrong with them; needs no init") { paths };
        command.SetAction(bind((context, parsed) => Run(context, parsed.GetValue(paths) ?? [])));
        return command;
    }

    private static int Run(Context context, string[] paths)
    {
        var folders = new List<string>();
        var files = new List<string>();
        foreach (string path in paths)
        {
            var errno = Sys.Stat(path, out var status);
            if (errno != Errno.None)
            {
                context.Error.WriteLine($"dora: {context.Error.Foreign(path)}: {errno.Describe()}");
                context.Error.Flush();
                return ExitCodes.Failed;
            }
            ((status.st_mode & Libc.S_IFMT) == Libc.S_IFDIR ? folders : files).Add(path.Length > 1 ? path.TrimEnd('/') : path);
        }
        IReadOnlyList<string> read = folders.Count > 0 ? folders : s_system;
        var problems = new List<Problem>();
        int services = 0;
        if (files.Count == 0)
        {
            var set = ServiceDirectory.Load(read);
            problems.AddRange(set.DirectoryProblems);
            foreach (string name in set.NamesWithProblems) problems.AddRange(set.ProblemsOf(name));
            foreach (var settings in set.Services.Values) AddZone(problems, settings);
            services = Count(set);
        }
        foreach (string file in files)
        {
            // Each for itself, among the others: a problem that it makes for them, such as a cycle, is its own as well.
            var set = ServiceDirectory.LoadWith(read, file);
            string name = ServiceFileReader.NameOf(file);
            problems.AddRange(set.ProblemsOf(name));
            if (set.Services.TryGetValue(name, out var settings)) AddZone(problems, settings);
            services++;
        }
        return Report(context, problems, services, isSystem: paths.Length == 0 && context.Host is null);
    }

    // No error of the file: another machine may have it, or this one tomorrow.
    private static void AddZone(List<Problem> problems, ServiceSettings settings)
    {
        if (settings.Schedule is { Zone: { } zone, Times.Length: > 0 } && ZoneDirectory.Find(zone, out string why) is null)
            problems.Add(new Problem(settings.File, Position.WholeFile, $"schedule: zone {zone}: {why}: on this machine it is not run by itself", IsWarning: true));
    }

    private static int Count(ServiceSet set)
    {
        int count = set.Services.Count;
        foreach (string name in set.NamesWithProblems)
            if (!set.Services.ContainsKey(name)) count++;
        return count;
    }

    private static int Report(Context context, List<Problem> problems, int services, bool isSystem)
    {
        int errors = 0;
        foreach (var problem in problems)
            if (!problem.IsWarning) errors++;
        if (context.Json) WriteJson(context, problems);
        else
        {
            foreach (var problem in problems) context.Out.WriteLine(context.Out.Foreign(problem.ToString()));
            string count = services == 1 ? "1 service" : $"{services} services";
            int warnings = problems.Count - errors;
            context.Out.WriteLine(problems.Count == 0 ? $"{count}, all fine"
                : $"{count}, {errors} error{(errors == 1 ? "" : "s")}, {warnings} warning{(warnings == 1 ? "" : "s")}");
            if (isSystem && errors == 0 && ServiceReloadCommand.Waiting(context).Count > 0) context.Out.WriteLine("not all of it is in use: 'dora service reload' takes it up");
        }
        context.Out.Flush();
        return errors == 0 ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static void WriteJson(Context context, List<Problem> problems)
    {
        var list = new List<CheckProblem>();
        foreach (var problem in problems)
            list.Add(new CheckProblem(problem.File, problem.Line, problem.Column, problem.Message, problem.IsWarning));
        context.Out.WriteJson(JsonMapWriter.WriteList(list));
    }
}

/// <summary>A problem as <c>dora service check --json</c> tells it.</summary>
internal sealed record CheckProblem(string File, int Line, int Column, string Message, bool IsWarning) : IJsonMapped<CheckProblem>
{
    public static CheckProblem Map(JsonMap json, CheckProblem? from) => new(
        json.RequiredText("file", from?.File),
        json.RequiredInteger("line", from?.Line),
        json.RequiredInteger("column", from?.Column),
        json.RequiredText("message", from?.Message),
        json.Flag("isWarning", from?.IsWarning) ?? false);
}
