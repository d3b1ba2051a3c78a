using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

/// <summary>The settings of an interactive session: those of a command that is run once, with a terminal or a client for its streams.</summary>
internal static class SessionSettings
{
    private static readonly string[] s_streams = ["stdin", "stdout", "stderr", "tty"];

    // In a service's surroundings: what is the process's own. Root, mounts and network are those of the service.
    private static readonly string[] s_ownKeys =
    [
        "description", "command", "user", "group", "groups", "environment", "environment-files", "directory", "umask", "rlimits", "nice",
        "ionice", "scheduling", "cpu-affinity", "oom-score-adj", "capabilities", "ambient-capabilities", "no-new-privileges", "seccomp",
        "seccomp-action", "cgroup", "start-timeout", "stop-signal", "stop-timeout",
    ];

    private static readonly IReadOnlyList<SettingKey<ServiceDraft>> s_keys = Keys();

    // However it ends, its client is told: a shell whose last command has failed is nothing to look after.
    private static readonly SuccessfulEnd[] s_ends = Ends();

    public static ServiceSettings Read(YamlMapping mapping, string name, ServiceSettings? target, ProblemList problems)
    {
        var start = (target is null ? TransientService.Start(name) : Of(target, name)) with { Success = s_ends };
        var given = new Dictionary<string, Position>();
        var draft = MappingReader.Read(mapping, "", s_keys, new ServiceDraft(start, []), problems, given);
        TransientService.RefuseKeys(given, problems);
        foreach (string key in s_streams)
            if (given.TryGetValue(key, out var position)) problems.Add(position, $"{key}: makes no sense for a session, whose streams are its client's");
        if (target is not null)
            foreach (var (key, position) in given)
                if (Array.IndexOf(s_ownKeys, key) < 0) problems.Add(position, $"{key}: makes no sense in the surroundings of {target.Name}");
        if (!problems.HasErrors) ServiceContradictions.Check(draft.Settings, given, problems);
        var settings = draft.Settings with { References = draft.References };
        if (target is not null) settings = Merged(settings, target, given);
        return settings.Description.Length > 0 ? settings : settings with { Description = Describe(settings, target) };
    }

    private static string Describe(ServiceSettings settings, ServiceSettings? target)
    {
        string words = settings.Command.Count == 0 ? "a shell" : TransientService.Describe(settings.Command);
        return target is null ? words : $"in {target.Name}: {words}";
    }

    /// <summary>What a process of the service has beside its surroundings.</summary>
    private static ServiceSettings Of(ServiceSettings target, string name)
    {
        var process = target.Process;
        ulong kept = process.Capabilities ?? CapabilityName.All;
        if (process.PrivateDevices) kept &= ~(CapabilityName.Mask("mknod") | CapabilityName.Mask("sys_rawio"));
        return TransientService.Start(name) with
        {
            User = target.User,
            Group = target.Group,
            Environment = target.Environment,
            Directory = target.Directory,
            Umask = target.Umask,
            ResourceLimits = target.ResourceLimits,
            Slice = target.Slice,
            Process = ProcessSettings.Default.With(own =>
            {
                own.Groups = process.Groups;
                own.EnvironmentFiles = process.EnvironmentFiles;
                own.Nice = process.Nice;
                own.IoPriority = process.IoPriority;
                own.Scheduling = process.Scheduling;
                own.Processors = process.Processors;
                own.OomScoreAdjust = process.OomScoreAdjust;
                own.Capabilities = kept == CapabilityName.All ? null : kept;
                own.AmbientCapabilities = process.AmbientCapabilities;
                own.NoNewPrivileges = process.NoNewPrivileges;
                own.SystemCalls = process.SystemCalls;
                own.KillOnForbiddenCall = process.KillOnForbiddenCall;
            }),
        };
    }

    /// <summary>Variables are added to those of the file; another user has neither the groups nor the capabilities of the file's.</summary>
    private static ServiceSettings Merged(ServiceSettings settings, ServiceSettings target, Dictionary<string, Position> given)
    {
        if (given.ContainsKey("environment"))
        {
            var environment = new Dictionary<string, string>(target.Environment);
            foreach (var (variable, value) in settings.Environment) environment[variable] = value;
            settings = settings with { Environment = environment };
        }
        if (!given.ContainsKey("user")) return settings;
        return settings with
        {
            Group = given.ContainsKey("group") ? settings.Group : null,
            Process = settings.Process.With(own =>
            {
                if (!given.ContainsKey("groups")) own.Groups = [];
                if (!given.ContainsKey("ambient-capabilities")) own.AmbientCapabilities = 0;
            }),
        };
    }

    private static SuccessfulEnd[] Ends()
    {
        const int kill = 9; // whoever does that, or the kernel for want of memory, has not waited for the end
        var ends = new List<SuccessfulEnd>();
        for (int code = 1; code <= 255; code++) ends.Add(new SuccessfulEnd(false, code));
        for (int signal = 1; signal <= 64; signal++)
            if (signal != kill) ends.Add(new SuccessfulEnd(true, signal));
        return [.. ends];
    }

    private static List<SettingKey<ServiceDraft>> Keys()
    {
        var keys = new List<SettingKey<ServiceDraft>>();
        foreach (var key in ServiceKeys.All)
            keys.Add(key.Name == "command" ? key with { Apply = (draft, value) => draft with { Settings = draft.Settings with { Command = value.Command(mayBeInPath: true) } } } : key);
        return keys;
    }
}
