using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Syslog.Forwarding;

namespace Dora.Syslog;

/// <summary>
/// <c>syslog [--ring=BYTES]</c> (<c>syslog store</c>, <c>syslog history</c> are its own children): an unprivileged process that collects what the machine says.
/// It opens nothing itself: descriptors 3 and up are named by LISTEN_FDNAMES: <c>dev-log</c> (bound, SO_PASSCRED),
/// <c>kmsg</c> (non-blocking), <c>channel</c> (SOCK_SEQPACKET to the manager), <c>ring</c> (memory file),
/// <c>receive-...</c> (sockets for other machines). Each may be
/// missing: then that source is not there, and without <c>ring</c> the lines die with the process.
/// </summary>
internal static partial class Program
{
    private const int DefaultRingBytes = 256 * 1024, OpenFiles = 1 << 16;

    private static int Main(string[] arguments)
    {
        end_by_sent_faults();
        if (arguments is ["forward" or "forwards", ..]) return ForwardRole.Run(arguments);
        Sys.Ignore(Libc.SIGCHLD); // see OwnProcess
        if (arguments is ["history", ..]) return Store.StoreHistory.Run(arguments.AsSpan(1));
        if (arguments is ["store", ..]) return Store.StoreProcess.Run(arguments.AsSpan(1));
        open_alarm();
        InterruptTimer.Open();
        int ringBytes = DefaultRingBytes;
        foreach (string argument in arguments)
            if (argument.StartsWith("--ring=", StringComparison.Ordinal)
                && int.TryParse(argument.AsSpan(7), NumberStyles.None, CultureInfo.InvariantCulture, out int bytes))
                ringBytes = Math.Clamp(bytes, LogRing.MinimumSize, 1 << 30);
        // Two pipes of each process of each service; where it may not be raised, what is more waits (LogServer.Lack).
        _ = Sys.SetResourceLimit(Libc.RLIMIT_NOFILE, OpenFiles, OpenFiles);
        var passed = PassedDescriptors(Environment.GetEnvironmentVariable("LISTEN_FDS"),
            Environment.GetEnvironmentVariable("LISTEN_FDNAMES"));

        using var loop = new EventLoop();
        if (!passed.Remove("ring", out var ringFile)) Sys.MakeMemoryFile("log-ring", out ringFile).ThrowIfError("memfd_create");
        SharedMemory.Map(ringFile, ringBytes + LogRing.TableSize + LogRates.Size, out var memory).ThrowIfError("mmap", "ring");
        var server = new LogServer(loop, RingIn(memory!));
        server.Configure(LogFile.Load());
        server.Note(server.Ring.Recovered
            ? $"started again, {server.Ring.NextSequence - server.Ring.FirstSequence} lines kept" : "started");

        if (passed.Remove("dev-log", out var devLog))
            server.ListenTo(devLog, Encoding.UTF8.GetBytes(Sys.ReadText("/proc/sys/kernel/hostname")?.Trim() ?? ""));
        if (passed.Remove("kmsg", out var kmsg)) server.ReadKernel(kmsg);
        if (passed.Remove("channel", out var channel)) server.Attend(channel);
        foreach (var (name, socket) in passed)
        {
            if (name.StartsWith(ReceiveKeys.NamePrefix, StringComparison.Ordinal)) server.Receive(name, socket);
            else socket.Dispose();
        }
        // native/signals.c blocks TERM: whoever wants it reads it. What writers have left is read by the next one.
        Sys.SignalDescriptor([Libc.SIGTERM], out var signals).ThrowIfError("signalfd");
        loop.Watch(signals, Libc.EPOLLIN, "signals", events =>
        {
            Span<byte> seen = stackalloc byte[512];
            _ = Sys.Read(signals, seen, out int _);
            server.Leave(loop.Stop);
        });
        loop.Run();
        return 0;
    }

    // The ring and its table first, where a syslog finds them that knows of nothing else.
    private static unsafe LogRing RingIn(SharedMemory memory) => new(memory.Pointer, memory.Length - LogRates.Size, null, memory.Pointer + memory.Length - LogRates.Size);

    /// <summary>Descriptors from 3 on by name.</summary>
    internal static Dictionary<string, FileDescriptor> PassedDescriptors(string? countText, string? names)
    {
        Dictionary<string, FileDescriptor> passed = [];
        if (!int.TryParse(countText, NumberStyles.None, CultureInfo.InvariantCulture, out int count)) return passed;
        string[] list = (names ?? "").Split(':');
        for (int i = 0; i < Math.Min(count, list.Length); i++)
        {
            var fd = new FileDescriptor(3 + i);
            if (!passed.TryAdd(list[i], fd)) fd.Dispose();
        }
        return passed;
    }

    /// <summary>native/signals.c: fault signals that were sent with kill(2) end the process, as they end any program.</summary>
    [LibraryImport("signals")] private static partial void end_by_sent_faults();

    /// <summary>native/signals.c: opens SIGALRM in this thread, with an empty handler.</summary>
    [LibraryImport("signals")] private static partial void open_alarm();
}
