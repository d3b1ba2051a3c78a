using Dora.Core.Linux;
using Dora.Init.Guard;
using Xunit;

namespace Dora.Init.Tests.Guard;

public class DescriptorStoreTests
{
    private static GuardRecord Named(string name) => new() { Kind = GuardMessage.Put, Name = name };

    private static FileDescriptor File()
    {
        Sys.MakeMemoryFile("x", out var fd).ThrowIfError("memfd");
        return fd;
    }

    private static List<string> Sent(DescriptorStore store)
    {
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs).ThrowIfError("socketpair");
        using (mine)
        using (theirs)
        {
            store.SendTo(mine, Sys.TimeSinceBoot() + TimeSpan.FromSeconds(5)).ThrowIfError("send");
            var names = new List<string>();
            while (GuardRecord.Receive(theirs, out var record, out var passed, Libc.MSG_DONTWAIT) == Errno.None)
            {
                Assert.Equal(GuardMessage.Restored, record.Kind);
                Assert.NotNull(passed);
                passed.Dispose();
                names.Add(record.Name);
            }
            return names;
        }
    }

    [Fact]
    public void What_is_put_is_sent_to_the_next_manager_until_it_is_removed()
    {
        var store = new DescriptorStore();
        var file = File();
        store.Put(Named("state"), file);
        store.Put(Named("control"), File());
        Assert.Equal(["state", "control"], Sent(store));
        store.Remove(Named("state"));
        store.Remove(Named("no such thing"));
        Assert.Equal(["control"], Sent(store));
        Assert.False(file.IsOpen);
        store.Remove(Named("control"));
    }

    [Fact]
    public void The_second_of_a_name_takes_the_place_of_the_first_which_is_closed()
    {
        var store = new DescriptorStore();
        FileDescriptor first = File(), second = File();
        store.Put(Named("state"), first);
        store.Put(Named("state"), second);
        Assert.Equal((false, true, 1), (first.IsOpen, second.IsOpen, store.Count));
        store.Remove(Named("state"));
    }

    [Fact]
    public void Rescue_closes_listening_sockets_and_nothing_else()
    {
        var store = new DescriptorStore();
        foreach (string name in new[] { "listen:sshd:Tcp:22", "state", "log-pipe:web", "listen:web:Unix:/run/web.sock" }) store.Put(Named(name), File());
        store.CloseSockets();
        Assert.Equal(["state", "log-pipe:web"], Sent(store));
        store.Remove(Named("state"));
        store.Remove(Named("log-pipe:web"));
    }

    [Fact]
    public void What_is_left_to_the_next_guard_is_adopted_with_its_names()
    {
        DescriptorStore before = new(), after = new();
        before.Put(Named("state"), File());
        before.Put(Named("listen:web:Tcp:80"), File());
        var handover = new Handover();
        before.LeaveTo(handover);
        // In the guard an execve(2) lies in between.
        after.Adopt(Handover.Read(handover.Write())!);
        Assert.Equal(["state", "listen:web:Tcp:80"], Sent(after));
        after.Remove(Named("state"));
        after.Remove(Named("listen:web:Tcp:80"));
    }

    [Fact]
    public void Records_of_any_content_do_no_harm()
    {
        var store = new DescriptorStore();
        var guard = new GuardProcess(store);
        var random = new Random(4);
        var bytes = new byte[GuardRecord.Size];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            var record = System.Runtime.InteropServices.MemoryMarshal.Read<GuardRecord>(bytes);
            // Ending the machine is what End is for; all else must be harmless.
            record.Kind = (GuardMessage)(random.Next(3) == 0 ? random.Next() : random.Next(-5, 64));
            if (record.Kind is GuardMessage.End) continue;
            guard.Handle(record, random.Next(2) == 0 && store.Count < 100 ? File() : null);
            Assert.InRange(store.Count, 0, 100);
        }
        Assert.InRange(store.Count, 1, 100);
    }

    [Fact]
    public void Descriptors_that_come_and_go_by_the_thousand_leave_no_garbage_in_PID_1()
    {
        var store = new DescriptorStore();
        Sys.SocketPair(Libc.SOCK_SEQPACKET, out var mine, out var theirs).ThrowIfError("socketpair");
        using (mine)
        using (theirs)
        using (var file = File())
        {
            GuardRecord output = Named("output"), error = Named("error");
            Round(store, mine, theirs, file, output, error);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 1000; i++) Round(store, mine, theirs, file, output, error);
            Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
            Assert.Equal(0, store.Count);
        }
    }

    private static void Round(DescriptorStore store, FileDescriptor mine, FileDescriptor theirs, FileDescriptor file, in GuardRecord output, in GuardRecord error)
    {
        Take(store, mine, theirs, output, file);
        Take(store, mine, theirs, error, file);
        Take(store, mine, theirs, output, file);
        store.Remove(output);
        store.Remove(error);
    }

    private static void Take(DescriptorStore store, FileDescriptor mine, FileDescriptor theirs, in GuardRecord record, FileDescriptor file)
    {
        GuardRecord.Send(mine, record, file).ThrowIfError("send");
        GuardRecord.Receive(theirs, out var got, out var passed, Libc.MSG_DONTWAIT, store.TakeClosed()).ThrowIfError("receive");
        store.Put(got, passed!);
    }
}
