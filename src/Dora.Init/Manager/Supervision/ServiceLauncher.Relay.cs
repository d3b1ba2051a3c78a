using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Relay;

namespace Dora.Init.Manager.Supervision;

// Interactive sessions: two plans. The service's process is the relay, which is of this program, root, and outside of
// whatever the command is put into; the command's own plan goes along as data, and the relay carries it out.
internal sealed partial class ServiceLauncher
{
    /// <summary>A command that takes all memory should not take its relay along, which would leave its client without a word.</summary>
    private const int RelayOomScore = -900;

    private LaunchPlan RelayPlan(Service service, ServiceRelay relay, List<FileDescriptor> opened)
    {
        if (relay.Opening is not { Attach: { } attach } opening) throw new LaunchException("its client is gone: the manager was replaced before it was started");
        var settings = service.Settings;
        var identity = Identity.Of(settings);
        var builder = new LaunchPlanBuilder(settings.Name, ["init", "relay"], Program.OwnPath) { HasOnlyNamedDescriptors = true, OwnMemory = settings.Process.LimitsMemory };
        EnterCgroup(builder, service, null, identity);
        MakeRuntimeDirectory(settings, identity);
        Streams(builder, service, null, opened);
        builder.Pass("client", Lift(opening.Connection, opened));
        builder.Pass("further clients", Lift(attach, opened));
        // Written last: what it says depends on the numbers of those behind it.
        Sys.MakeMemoryFile("pandora-relay", out var file).ThrowIfError("memfd_create");
        opened.Add(file);
        int last = builder.Pass("parameters", Lift(file, opened));

        int Pass(string label, FileDescriptor fd) => last = builder.Pass(label, Lift(fd, opened));
        using var surroundings = SurroundingsOf(service, relay);
        surroundings?.PassOn(Pass);
        FileDescriptor? users = null;
        if (settings.Process.PrivateUsers)
        {
            users = UserNamespace.Make([0, identity.Uid], [0, identity.Gid, .. identity.Groups]);
            opened.Add(users);
        }
        int? numberOfUsers = users is null ? null : Pass("user namespace", users);

        var parameters = new RelayParameters
        {
            Name = settings.Name,
            IsTerminal = opening.IsTerminal,
            Rows = opening.Rows,
            Columns = opening.Columns,
            HasInput = opening.HasInput,
            IsDetachable = relay.Saved.IsDetachable,
            Owner = surroundings?.Outside(identity.Uid) ?? identity.Uid,
            StopSignal = settings.StopSignal,
            PidNamespaceNumber = surroundings?.NumberOfProcesses ?? -1,
            RootNumber = surroundings?.NumberOfRoot ?? -1,
            LastNumber = last,
            Rest = opening.Rest,
            Plan = CommandPlan(settings, identity, opening.IsTerminal, surroundings, users, numberOfUsers),
        };
        parameters.WriteTo(file);
        byte[] score = System.Text.Encoding.ASCII.GetBytes(RelayOomScore.ToString());
        builder.TryStep("set oom-score-adj", SystemCall.WriteFile, Libc.AT_FDCWD, "/proc/self/oom_score_adj", score, score.Length);
        return builder.Directory("/").Build(asSibling: true);
    }

    private static Surroundings? SurroundingsOf(Service service, ServiceRelay relay)
    {
        if (relay.Saved.Service is not { } name) return null;
        if (service.RelayTarget is not { } target) throw new LaunchException($"{name} does not run any more");
        return Surroundings.Of(target);
    }

    private static LaunchPlan CommandPlan(ServiceSettings settings, Identity identity, bool isTerminal, Surroundings? surroundings, FileDescriptor? users, int? numberOfUsers)
    {
        var (command, program, directory) = CommandOf(settings, identity, surroundings is not null);
        var builder = new LaunchPlanBuilder(settings.Name, command, program) { HasOnlyNamedDescriptors = true, NumberOfUserNamespace = numberOfUsers };
        FileDescriptor input = new(RelayParameters.InputNumber), output = new(RelayParameters.OutputNumber), error = new(RelayParameters.ErrorNumber);
        if (isTerminal) builder.Step("make it the controlling terminal", SystemCall.ioctl, input.Number, (long)Libc.TIOCSCTTY, 0);
        builder.StandardStreams(input, output, error);
        identity.Introduce(builder);
        ReadEnvironmentFiles(builder, settings);
        foreach (var (variable, value) in settings.Environment) builder.Variable(variable, value);
        // What the relay has for itself alone is taken back.
        var own = settings.Process.With(process => process.OomScoreAdjust ??= 0);
        identity.ApplyTo(builder, settings with { Directory = directory, Process = own }, surroundings, users);
        return builder.Build(asSibling: false);
    }

    /// <summary>A session without a command is a shell: on the machine that of its user, as a login; with a service what every system has.</summary>
    private static (IReadOnlyList<string> Command, string? Program, string Directory) CommandOf(ServiceSettings settings, Identity identity, bool isInService)
    {
        if (settings.Command.Count > 0) return (settings.Command, null, settings.Directory);
        if (isInService) return (["/bin/sh"], null, settings.Directory);
        var (shell, folder) = settings.User is null && UserDatabase.Load().FindUser(identity.Uid) is { } user ? (user.Shell, user.Home) : (identity.Shell, identity.Home);
        if (shell.Length == 0) shell = "/bin/sh";
        bool hasHome = settings.Directory == "/" && settings.Process.Root is null && Sys.Stat(folder, out var home) == Errno.None && (home.st_mode & Libc.S_IFMT) == Libc.S_IFDIR;
        return (["-" + shell[(shell.LastIndexOf('/') + 1)..]], shell, hasHome ? folder : settings.Directory);
    }
}
