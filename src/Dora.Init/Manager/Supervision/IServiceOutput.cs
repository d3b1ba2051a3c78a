using Dora.Core.Linux;

namespace Dora.Init.Manager.Supervision;

/// <summary>Where the output of services goes.</summary>
internal interface IServiceOutput
{
    /// <summary>Write ends for stdout and stderr, which the caller closes after the launch.</summary>
    (FileDescriptor Output, FileDescriptor Error) OpenFor(string service);

    /// <summary>What the logger itself is started with, by name; not the caller's to close.</summary>
    IReadOnlyList<(string Name, FileDescriptor Fd)> LoggerDescriptors();

    /// <summary>The logger's process has ended.</summary>
    void LoggerEnded();
}
