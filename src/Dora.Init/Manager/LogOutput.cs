using Dora.Core.Linux;
using Dora.Init.Manager.Logging;
using Dora.Init.Manager.Supervision;

namespace Dora.Init.Manager;

/// <summary>The output of services goes into the pipes of <see cref="LogHub"/>.</summary>
internal sealed class LogOutput(LogHub hub) : IServiceOutput
{
    public (FileDescriptor Output, FileDescriptor Error) OpenFor(string service)
    {
        hub.OpenStreams(service, out var output, out var error).ThrowIfError("pipe for", "its output");
        return (output!, error!);
    }

    public IReadOnlyList<(string Name, FileDescriptor Fd)> LoggerDescriptors() => hub.SyslogDescriptors();

    public void LoggerEnded() => hub.SyslogStopped();
}
