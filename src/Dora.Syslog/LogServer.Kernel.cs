using Dora.Core.Events;
using Dora.Core.Linux;
using Dora.Core.Protocol;

namespace Dora.Syslog;

// /dev/kmsg: the kernel, and what our own roles and others write there.
internal sealed partial class LogServer
{
    private const int RecordsPerWakeUp = 128;

    private FileDescriptor? _kernel;
    private Watch? _kernelWatch;

    /// <summary>
    /// Reads from /dev/kmsg, opened non-blocking and ours from here on. A newly opened one begins with the oldest record
    /// that the kernel has; those that an earlier process put into the ring are skipped by their number. In a container
    /// it may be anything: what cannot be watched costs the kernel's lines alone.
    /// </summary>
    public void ReadKernel(FileDescriptor kmsg)
    {
        _kernel = kmsg;
        try
        {
            _kernelWatch = Loop.Watch(kmsg, Libc.EPOLLIN, "/dev/kmsg", _ => OnKernelRecords());
        }
        catch (LinuxException exception)
        {
            Note($"{exception.Message}: kernel lines are not read");
        }
    }

    private void OnKernelRecords()
    {
        for (int i = 0; i < RecordsPerWakeUp; i++)
        {
            var errno = Sys.Read(_kernel!, Buffer, out int count);
            if (errno == Errno.EAGAIN) return;
            if (errno == Errno.EPIPE) continue; // overrun: the gap in the numbers tells how many
            if (errno != Errno.None || count == 0)
            {
                Note($"/dev/kmsg: {(errno == Errno.None ? "end of file" : errno.Describe())}: kernel lines are no longer read");
                Loop.Unwatch(_kernelWatch!);
                return;
            }
            if (KernelRecord.TryParse(Buffer.AsSpan(0, count), out var record)) AddKernelRecord(record);
        }
    }

    private void AddKernelRecord(in KernelRecord record)
    {
        long expected = Ring.NextKernelSequence;
        if (record.Sequence < expected) return;
        Ring.BeginKernel();
        if (record.Sequence > expected && expected > 0)
        {
            Ring.KernelDropped += record.Sequence - expected;
            Note($"/dev/kmsg: {record.Sequence - expected} kernel lines were overwritten before they could be read");
        }
        var text = record.Text;
        var service = "kernel"u8;
        if (record.IsFromProcess) service = WriterOf(ref text);
        var stamp = Stamp();
        Add(new LogEntry
        {
            TimeUs = stamp.Us - stamp.BootUs + record.BootUs, BootUs = record.BootUs,
            Priority = (byte)Math.Min(record.Priority, 191), Source = LogSource.Kernel,
            IsContinuation = record.IsContinuation, Service = service, Text = text,
        });
        Ring.NextKernelSequence = record.Sequence + 1;
        Ring.Settle();
        Added();
    }

    /// <summary>Who wrote to /dev/kmsg: our own roles are "init"; others are known by their tag.</summary>
    private static ReadOnlySpan<byte> WriterOf(scoped ref ReadOnlySpan<byte> text)
    {
        var message = SyslogMessage.Parse(text, default);
        if (message.Tag.IsEmpty) return "user"u8;
        text = message.Text;
        return message.Tag.SequenceEqual("pandora"u8) ? "init"u8 : message.Tag;
    }
}
