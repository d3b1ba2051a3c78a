using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision;
using Dora.Init.Tests.Manager.Logging;

namespace Dora.Init.Tests.Manager;

/// <summary>Services in states that the test gives them; nothing is ever launched.</summary>
internal sealed class ServiceTable : IDisposable
{
    private readonly MemoryStore _store = new();

    public ServiceTable() => Supervisor = new Supervisor(Loop, _store, new NoOutput(), []);

    public EventLoop Loop { get; } = new();
    public Supervisor Supervisor { get; }

    public static ServiceSettings Settings(string name) => new() { Name = name, File = $"/etc/dora/services/{name}.yaml", Command = ["/bin/" + name, "-x"] };

    public Service Add(ServiceState state, ServiceSettings? settings = null)
    {
        settings ??= Settings("web");
        Supervisor.Add(settings);
        var service = Supervisor.Find(settings.Name)!;
        service.Adopt(state);
        return service;
    }

    /// <summary>Runs the loop for as long.</summary>
    public void Run(TimeSpan time)
    {
        Loop.After(time, "test", Loop.Stop);
        Loop.Run();
    }

    public void Dispose()
    {
        foreach (var service in Supervisor.Services) service.Dispose();
        Loop.Dispose();
        _store.Dispose();
    }

    private sealed class NoOutput : IServiceOutput
    {
        public (FileDescriptor Output, FileDescriptor Error) OpenFor(string service) => throw new InvalidOperationException("nothing is launched here");

        public IReadOnlyList<(string Name, FileDescriptor Fd)> LoggerDescriptors() => [];

        public void LoggerEnded()
        {
        }
    }
}
