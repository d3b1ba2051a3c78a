using Dora.Core.Linux;
using Dora.Init.Guard;
using Dora.Init.Manager.State;
using Dora.Init.Manager.Supervision;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.State;

public sealed class StateFileTests : IDisposable
{
    private const long Slots = 4096, SlotSize = 4 << 20;
    private readonly MemoryStore _store = new();

    public void Dispose() => _store.Dispose();

    private SavedState? Reopened()
    {
        _store.Restart();
        StateFile.Open(_store, out var saved);
        return saved;
    }

    private FileDescriptor File()
    {
        _store.Restart();
        return _store.Restored["state"];
    }

    private static SavedState With(params string[] services) => new()
    {
        IsStartedUp = true,
        LastSession = 5,
        End = MachineEnd.Reboot,
        Services = [.. services.Select(name => new SavedService { Name = name, State = new ServiceState { Phase = ServicePhase.Running, Pid = 42, Since = TimeSpan.FromTicks(12345), LastExit = new ProcessExit(2, 9) } })],
    };

    [Fact]
    public void A_new_file_has_nothing_to_go_on_from()
    {
        StateFile.Open(_store, out var saved);
        Assert.Null(saved);
        Assert.Null(Reopened()); // and one that was never written has not either
    }

    [Fact]
    public void What_was_written_last_is_read()
    {
        var file = StateFile.Open(_store, out _);
        file.Write(With("a"));
        file.Write(With("a", "b"));
        var saved = Reopened()!;
        Assert.Equal((true, 5, (MachineEnd?)MachineEnd.Reboot), (saved.IsStartedUp, saved.LastSession, saved.End));
        Assert.Equal(["a", "b"], saved.Services.Select(service => service.Name));
        Assert.Equal(With("b").Services[0].State, saved.Services[1].State);
    }

    [Fact]
    public void Killed_between_the_slot_and_the_header_the_old_state_stays()
    {
        var file = StateFile.Open(_store, out _);
        file.Write(With("old"));
        var bytes = File();
        // The first write went to slot 1, so the next goes to slot 0: half of it is all that came.
        Sys.WriteAllAt(bytes, "{\"Version\":1,\"Serv"u8, Slots).ThrowIfError("pwrite");
        Assert.Equal("old", Reopened()!.Services.Single().Name);
    }

    [Fact]
    public void A_manager_goes_on_in_the_other_slot_than_its_predecessor_used_last()
    {
        StateFile.Open(_store, out _).Write(With("first"));
        _store.Restart();
        var next = StateFile.Open(_store, out _);
        var bytes = File();
        var before = new byte[64];
        Sys.ReadAt(bytes, before, Slots + SlotSize, out _).ThrowIfError("pread");
        next.Write(With("second"));
        var after = new byte[64];
        Sys.ReadAt(bytes, after, Slots + SlotSize, out _).ThrowIfError("pread");
        Assert.Equal(before, after);
        Assert.Equal("second", Reopened()!.Services.Single().Name);
    }

    [Fact]
    public void Damaged_content_is_no_state_and_no_crash()
    {
        var file = StateFile.Open(_store, out _);
        var random = new Random(3);
        for (int i = 0; i < 300; i++)
        {
            file.Write(With("a", "b"));
            var bytes = File();
            var noise = new byte[random.Next(1, 8)];
            random.NextBytes(noise);
            long at = random.Next(3) switch { 0 => random.Next(16), 1 => Slots + random.Next(300), _ => Slots + SlotSize + random.Next(300) };
            Sys.WriteAllAt(bytes, noise, at).ThrowIfError("pwrite");
            if (Reopened() is { } saved) Assert.NotNull(saved.Services);
            file = StateFile.Open(_store, out _);
        }
    }
}
