using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>
/// One machine, booted by its own BIOS boot loader from the image as it is, for all tests that leave it as they found it.
/// </summary>
public sealed class RunningMachine : IDisposable
{
    public RunningMachine()
    {
        Machine = Machine.Start(new MachineOptions { Name = "running", Iso = Artifacts.Iso });
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

[CollectionDefinition(nameof(RunningMachine))]
public class RunningMachineTests : ICollectionFixture<RunningMachine>;
