namespace Dora.Boot.Tests.Harness;

/// <summary>The machine did not do what was waited for; shows the end of the serial transcript.</summary>
public sealed class MachineException(string message, string tail)
    : Exception($"{message}\n--- end of the serial transcript ---\n{tail}\n------------------------------------");
