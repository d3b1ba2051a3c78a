using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>A machine that has been booted to ssh, for the tests of a class or collection together.</summary>
public abstract class BootedMachine : IDisposable
{
    protected BootedMachine(MachineOptions options)
    {
        Machine = Machine.Start(options);
        try
        {
            Machine.WaitForSsh();
        }
        catch
        {
            // xunit disposes no fixture whose constructor has thrown.
            Machine.Dispose();
            throw;
        }
    }

    public Machine Machine { get; }

    public void Dispose()
    {
        Machine.Dispose();
        GC.SuppressFinalize(this);
    }
}
