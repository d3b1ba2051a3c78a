using System.Buffers.Binary;
using Dora.Core.Configuration;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

// Priorities and privileges. Who calls these keeps the order: priorities while still root, capabilities around the
// change of user, no-new-privileges before the filter.
internal sealed partial class LaunchPlanBuilder
{
    /// <summary>Descriptors that a plan can keep from step to step: as many as launch.c has room for.</summary>
    public const int Slots = 64;

    private LaunchStep? _filter;
    private FileDescriptor? _held;
    private int _slots;

    /// <summary>Any call that has to succeed.</summary>
    public LaunchPlanBuilder Step(string label, SystemCall call, params LaunchArgument[] arguments)
    {
        _steps.Add(new(label, call, false, arguments));
        return this;
    }

    /// <summary>One without which it starts as well.</summary>
    public LaunchPlanBuilder TryStep(string label, SystemCall call, params LaunchArgument[] arguments)
    {
        _steps.Add(new(label, call, true, arguments));
        return this;
    }

    /// <summary>A call whose result is a descriptor; returns the slot that <see cref="StepWith"/> names it by.</summary>
    public int StepThatOpens(string label, SystemCall call, params LaunchArgument[] arguments)
    {
        if (_slots == Slots) throw new InvalidOperationException($"more than {Slots} writable paths");
        _steps.Add(new(label, call, false, arguments) { Slot = ++_slots });
        return _slots;
    }

    /// <summary>A call that gets the descriptor of <paramref name="slot"/> as its first argument.</summary>
    public LaunchPlanBuilder StepWith(int slot, string label, SystemCall call, params LaunchArgument[] others)
    {
        _steps.Add(new(label, call, false, [0, .. others]) { Slot = -slot });
        return this;
    }

    /// <summary>As <see cref="User"/> with the capabilities that the user keeps, in each program that it executes.</summary>
    public LaunchPlanBuilder UserWith(ulong ambient, string user, uint uid, uint gid, IReadOnlyList<uint> groups)
    {
        // prctl(2): without this a change from root to another user ends all capabilities.
        if (ambient != 0) Step("keep capabilities", SystemCall.prctl, Libc.PR_SET_KEEPCAPS, 1, 0, 0, 0);
        User(user, uid, gid, groups);
        if (ambient == 0) return this;
        // capset(2), version 3: effective, permitted, inheritable for the lower 32, then for the upper 32.
        var header = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(header, Libc._LINUX_CAPABILITY_VERSION_3);
        var sets = new byte[24];
        for (int i = 0; i < 6; i++) BinaryPrimitives.WriteUInt32LittleEndian(sets.AsSpan(i * 4), (uint)(i < 3 ? ambient : ambient >> 32));
        Step("set capabilities", SystemCall.capset, header, sets);
        for (int capability = 0; capability < 64; capability++)
            if ((ambient >> capability & 1) != 0)
                Step($"set ambient capability {CapabilityName.Of(capability)}", SystemCall.prctl, Libc.PR_CAP_AMBIENT, Libc.PR_CAP_AMBIENT_RAISE, capability, 0, 0);
        return this;
    }

    /// <summary>Drops all capabilities of the kernel, which has those up to <paramref name="last"/>, that are not kept.</summary>
    public LaunchPlanBuilder BoundingSet(ulong kept, int last)
    {
        for (int capability = 0; capability <= last; capability++)
            if ((kept >> capability & 1) == 0)
                Step($"drop capability {CapabilityName.Of(capability)}", SystemCall.prctl, Libc.PR_CAPBSET_DROP, capability, 0, 0, 0);
        return this;
    }

    public LaunchPlanBuilder Priorities(ProcessSettings settings)
    {
        if (settings.OomScoreAdjust is { } score)
        {
            byte[] text = System.Text.Encoding.ASCII.GetBytes(score.ToString());
            Step("set oom-score-adj", SystemCall.WriteFile, Libc.AT_FDCWD, "/proc/self/oom_score_adj", text, text.Length);
        }
        if (settings.Nice is { } nice) Step("set nice", SystemCall.setpriority, Libc.PRIO_PROCESS, 0, nice);
        if (settings.IoPriority is { } priority) Step("set ionice", SystemCall.ioprio_set, Libc.IOPRIO_WHO_PROCESS, 0, priority);
        if (settings.Processors.Count > 0)
        {
            var mask = new byte[128];
            foreach (int processor in settings.Processors) mask[processor / 8] |= (byte)(1 << (processor % 8));
            Step("set cpu-affinity", SystemCall.sched_setaffinity, 0, mask.Length, mask);
        }
        if (settings.Scheduling is { } scheduling)
        {
            var parameter = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(parameter, scheduling.Priority);
            Step("set scheduling", SystemCall.sched_setscheduler, 0, scheduling.Policy, parameter);
        }
        return this;
    }

    /// <summary>The number that a user namespace has in the process that launches this plan, where that is not this one.</summary>
    public int? NumberOfUserNamespace { get; init; }

    /// <summary>Enters a user namespace that <see cref="UserNamespace"/> has made; the plan closes the descriptor.</summary>
    public LaunchPlanBuilder EnterUserNamespace(FileDescriptor userNamespace)
    {
        _held = userNamespace;
        return Step("enter user namespace", SystemCall.setns, NumberOfUserNamespace ?? Named(userNamespace), Libc.CLONE_NEWUSER);
    }

    public LaunchPlanBuilder NoNewPrivileges() => Step("set no-new-privileges", SystemCall.prctl, Libc.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

    /// <summary>From the exec on only these system calls; <see cref="Build"/> puts it last.</summary>
    public LaunchPlanBuilder Filter(IReadOnlyList<int> allowed, bool kills)
    {
        byte[] code = SeccompFilter.Assemble(allowed, kills);
        var program = new byte[16]; // struct sock_fprog: count of instructions, and their address at 8
        BinaryPrimitives.WriteUInt16LittleEndian(program, (ushort)(code.Length / SeccompFilter.Size));
        _filter = new LaunchStep("set seccomp", SystemCall.seccomp, false, Libc.SECCOMP_SET_MODE_FILTER, 0, new LaunchArgument(0, program) { Behind = code });
        return this;
    }
}
