using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Launching;
using Dora.Init.Manager.Supervision.Readiness;

namespace Dora.Init.Manager.Supervision;

/// <summary>What supervision does to processes. Tests of the graph put a world of their own in its place.</summary>
internal interface IServiceLauncher
{
    /// <summary>Starts its main process, or a helper beside it. Never throws: what cannot be started is a failure in words.</summary>
    LaunchResult Launch(Service service, FileDescriptor? readiness, HelperCommand? helper = null);

    /// <summary>A signal to a main process.</summary>
    void Kill(int pid, int signal);

    Cgroup CgroupOf(EventLoop loop, string path, string name, Action emptied);
}
