using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>Runs a <see cref="LaunchPlan"/> through native/launch.c.</summary>
internal static unsafe class Launcher
{
    private const ulong ClonePidInParent = 0x00008000; // CLONE_PARENT
    private const ulong CloneFiles = 0x00000400; // CLONE_FILES
    private const ulong CloneIntoCgroup = 0x200000000; // CLONE_INTO_CGROUP, Linux 5.7
    private const int StackSize = 64 * 1024;

    // The caller waits (CLONE_VFORK) until the child has left this stack, so one is enough for all launches.
    private static readonly void* s_stack = NativeMemory.AlignedAlloc(StackSize, 16);

    private static SharedMemory? s_report;

    public static LaunchResult Launch(LaunchPlan plan)
    {
        using var held = plan.Held;
        s_report ??= SharedMemory.Allocate(sizeof(Native.Report));
        if (s_report is null) return new LaunchResult(0, $"{plan.Name}: create process: {Errno.ENOMEM.Describe()}", Errno.ENOMEM);
        var report = (Native.Report*)s_report.Pointer;
        FileDescriptor? cgroup = null;
        if (plan.Cgroup is not null)
        {
            var errno = Sys.Open(plan.Cgroup, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out cgroup);
            if (errno != Errno.None) return new LaunchResult(0, $"{plan.Name}: open cgroup {plan.Cgroup}: {errno.Describe()}", errno);
        }

        using var folder = cgroup;
        using var arguments = new CStringArray(plan.Arguments);
        using var environment = new CStringArray(plan.Environment);
        using var memory = new PinnedBytes();
        var steps = (Native.Step*)memory.Allocate(plan.Steps.Count * sizeof(Native.Step));
        for (int i = 0; i < plan.Steps.Count; i++) Fill(ref steps[i], plan.Steps[i], memory, plan.Environment, environment);

        using (var programs = new CStringArray([plan.Program, .. plan.OtherPlaces]))
        {
            Native.Plan native = new()
            {
                Steps = steps,
                Count = plan.Steps.Count,
                Paths = programs.Pointer,
                Arguments = arguments.Pointer,
                Environment = environment.Pointer,
                CloneFlags = (plan.OwnMemory ? 0 : (ulong)Libc.CLONE_VM) | (plan.AsSibling ? ClonePidInParent : 0) | (cgroup is null ? 0 : CloneIntoCgroup)
                    | (plan.DescriptorsBelow > 0 ? CloneFiles : 0),
                DescriptorsBelow = plan.DescriptorsBelow,
                CgroupFd = cgroup?.Number ?? 0,
                Stack = s_stack,
                StackSize = StackSize,
                Report = report,
            };
            int pid = Native.launch_process(&native);
            if (pid < 0) return new LaunchResult(0, $"{plan.Name}: create process: {((Errno)(-pid)).Describe()}", (Errno)(-pid));
            if (report->FailedStep == Native.NoStep) return new LaunchResult(pid, null);
            var failed = (Errno)report->FailedErrno;
            return new LaunchResult(0, Describe(plan, report->FailedStep, failed), failed, IsExecute: report->FailedStep == plan.Steps.Count);
        }
    }

    private static string Describe(LaunchPlan plan, int failedStep, Errno errno) =>
        failedStep == Native.DescriptorStep ? $"{plan.Name}: copy descriptors: {errno.Describe()}"
            : failedStep == plan.Steps.Count ? $"{plan.Name}: execute {(plan.OtherPlaces.Count > 0 ? $"{plan.Arguments[0]} of PATH" : plan.Program)}: {errno.Describe()}"
            : $"{plan.Name}: {plan.Steps[failedStep].Label}: {errno.Describe()}";

    private static void Fill(ref Native.Step native, LaunchStep step, PinnedBytes memory,
        IReadOnlyList<string> variables, CStringArray environment)
    {
        native = default;
        native.Number = (long)step.Call;
        native.MayFail = step.MayFail ? 1 : 0;
        native.Slot = step.Slot;
        if (step.Call == SystemCall.WritePid)
        {
            native.Arguments[0] = (long)ValueOf(step.Label, variables, environment);
            return;
        }
        for (int i = 0; i < step.Arguments.Length; i++)
        {
            var argument = step.Arguments[i];
            native.Arguments[i] = argument.Data is null ? argument.Value : (long)memory.Copy(argument.Data);
            if (argument.Behind is not null) *(byte**)(native.Arguments[i] + 8) = memory.Copy(argument.Behind);
        }
    }

    // WritePid's label is the variable whose value, padded by the plan to hold any pid, becomes the child's pid.
    private static byte* ValueOf(string variable, IReadOnlyList<string> variables, CStringArray environment)
    {
        for (int i = 0; i < variables.Count; i++)
            if (variables[i].StartsWith(variable, StringComparison.Ordinal) && variables[i][variable.Length] == '=')
                return environment.Pointer[i] + variable.Length + 1;
        throw new InvalidOperationException($"the plan has no variable {variable}");
    }
}
