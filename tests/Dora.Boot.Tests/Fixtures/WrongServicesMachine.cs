using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>A machine whose /etc/dora/services is full of mistakes, and of services that go to their limits (make-overlay).</summary>
public sealed class WrongServicesMachine : IDisposable
{
    public WrongServicesMachine()
    {
        Machine = Machine.Start(new MachineOptions { Name = "wrong-services", Iso = Artifacts.TestIso });
        try
        {
            Machine.WaitForSsh();
        }
        catch
        {
            Machine.Dispose();
            throw;
        }
    }

    public Machine Machine { get; }

    public void Dispose() => Machine.Dispose();
}

[CollectionDefinition(nameof(WrongServicesMachine))]
public class WrongServicesMachineTests : ICollectionFixture<WrongServicesMachine>;
