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
    public void What_is_handed_on_is_taken_over_with_its_names_and_closed_on_exec_again()
    {
        DescriptorStore before = new(), after = new();
        FileDescriptor state = File(), socket = File();
        before.Put(Named("state"), state);
        before.Put(Named("listen:web:Tcp:80"), socket);
        var list = before.HandOn();
        Assert.NotNull(list);
        Assert.All([state, socket, list], fd => Assert.Equal(0, Libc.fcntl(fd.Number, Libc.F_GETFD, 0)));
        // In the guard an execve(2) lies in between.
        after.TakeOver(list);
        Assert.All([state, socket], fd => Assert.Equal(Libc.FD_CLOEXEC, Libc.fcntl(fd.Number, Libc.F_GETFD, 0)));
        Assert.False(list.IsOpen);
        Assert.Equal(["state", "listen:web:Tcp:80"], Sent(after));
        after.Remove(Named("state"));
        after.Remove(Named("listen:web:Tcp:80"));
    }

    [Fact]
    public void A_descriptor_that_is_no_such_list_is_left_alone()
    {
        var store = new DescriptorStore();
        using var other = File();
        store.TakeOver(new FileDescriptor(other.Number));
        store.TakeOver(new FileDescriptor(1 << 20));
        store.TakeOver(new FileDescriptor(-5));
        Assert.Equal((0, true), (store.Count, other.IsOpen));
        Sys.WriteAllAt(other, "x"u8, 0).ThrowIfError("write");
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
}
