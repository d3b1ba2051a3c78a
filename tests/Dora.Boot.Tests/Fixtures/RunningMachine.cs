using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>
/// One machine, booted by its own BIOS boot loader from the image as it is, for all tests that leave it as they found it.
/// </summary>
public sealed class RunningMachine() : BootedMachine(new MachineOptions { Name = "running", Iso = Artifacts.Iso });

[CollectionDefinition(nameof(RunningMachine))]
public class RunningMachineTests : ICollectionFixture<RunningMachine>;
