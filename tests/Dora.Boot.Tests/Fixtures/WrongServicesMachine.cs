using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>A machine whose /etc/dora/services is full of mistakes, and of services that go to their limits (make-overlay).</summary>
public sealed class WrongServicesMachine() : BootedMachine(new MachineOptions { Name = "wrong-services", Iso = Artifacts.TestIso });

[CollectionDefinition(nameof(WrongServicesMachine))]
public class WrongServicesMachineTests : ICollectionFixture<WrongServicesMachine>;
