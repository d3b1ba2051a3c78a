using System.Runtime.InteropServices;

namespace Dora.Init;

/// <summary>native/launch.c and ../native/signals.c, linked in.</summary>
internal static unsafe partial class Native
{
    /// <summary>struct step of launch.c: one system call.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Step
    {
        public long Number;
        public fixed long Arguments[6];
        public int MayFail;
        public int Slot;
    }

    /// <summary>struct plan of launch.c.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Plan
    {
        public Step* Steps;
        public long Count;
        public byte** Paths;
        public byte** Arguments;
        public byte** Environment;
        public ulong CloneFlags;
        public long CgroupFd;
        public long DescriptorsBelow;
        public void* Stack;
        public ulong StackSize;
        public Report* Report;
    }

    /// <summary>Values of <see cref="Report.FailedStep"/> that are no index: nothing has failed, or the copying of descriptors.</summary>
    public const int NoStep = -1, DescriptorStep = -2;

    /// <summary>struct report of launch.c: the step that failed.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Report
    {
        public int FailedStep;
        public int FailedErrno;
    }

    /// <summary>Starts a process; its pid, or the negative errno of clone3 itself.</summary>
    [LibraryImport("launch")] public static partial int launch_process(Plan* plan);

    /// <summary>A child in a user namespace of its own, for others to enter; its pid, or the negative errno.</summary>
    [LibraryImport("launch")] public static partial int hold_user_namespace();

    /// <summary>Keeps fault signals that were sent with kill(2) away from the runtime's handlers.</summary>
    [LibraryImport("signals")] public static partial void ignore_sent_faults();

    /// <summary>Lets fault signals that were sent with kill(2) end the process, as they end any program.</summary>
    [LibraryImport("signals")] public static partial void end_by_sent_faults();

    /// <summary>Opens SIGALRM in this thread, with an empty handler; then <see cref="InterruptTimer.Open"/>.</summary>
    [LibraryImport("signals")] public static partial void open_alarm();

    /// <summary>Ends this process as the signal ends any other; without a core.</summary>
    [LibraryImport("signals")] public static partial void end_by_signal(int number);
}
