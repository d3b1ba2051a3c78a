using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Events;
using Dora.Syslog.Store;
using Xunit;

namespace Dora.Init.Tests.Syslog.Store;

/// <summary>On a small tmpfs of its own (root).</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-full-").FullName;
    private readonly FileDescriptor _opened;
    private const string Boot = "1a2b3c4d000000000000000000000000";

    public FullDiskTests()
    {
        Sys.Mount("none", _folder, "tmpfs", 0, "size=256k").ThrowIfError("mount", _folder);
        Sys.Open(_folder, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out _opened).ThrowIfError("open");
    }

    public void Dispose()
    {
        _opened.Dispose();
        _ = Sys.Unmount(_folder);
        Directory.Delete(_folder);
    }

    [Fact]
    public void Disk_that_others_fill_costs_the_oldest_files_first_and_lines_only_then()
    {
        using var store = new LogStore(_opened, new StoreLimits(160 << 10, 16 << 10, 16 << 10, 0), Boot, _ => { });
        store.Open().ThrowIfError("open");
        long sequence = 0;
        for (int i = 0; i < 300; i++) Assert.Equal(Errno.None, Next());
        long files = Directory.GetFiles(_folder, "*.log").Length;
        Assert.True(files > 3);
        Sys.FileSystemSize(_folder, out var bytes).ThrowIfError("statfs");
        File.WriteAllBytes(Path.Combine(_folder, "others"), new byte[bytes.Free - (8 << 10)]);
        for (int i = 0; i < 200; i++) Assert.Equal(Errno.None, Next());
        Assert.True(Directory.GetFiles(_folder, "*.log").Length < files);
        Sys.FileSystemSize(_folder, out bytes).ThrowIfError("statfs");
        Assert.True(bytes.Free > 0);

        // Whatever is given up others take, until nothing is left to delete; what is refused is whole when it goes in later.
        var errno = Errno.None;
        for (int i = 0; i < 1000 && errno == Errno.None; i++)
        {
            using (var others = new FileStream(Path.Combine(_folder, "more"), FileMode.Append))
                try
                {
                    while (true)
                    {
                        others.Write(new byte[4096]);
                        others.Flush();
                    }
                }
                catch (IOException)
                {
                }
            errno = Next();
        }
        Assert.Equal(Errno.ENOSPC, errno);
        Assert.Equal(Errno.ENOSPC, Next());
        File.Delete(Path.Combine(_folder, "more"));
        File.Delete(Path.Combine(_folder, "others"));
        Assert.Equal(Errno.None, Next());
        long last = store.LastSequence;
        Assert.Equal(sequence, last);
        store.Dispose();
        store.Open().ThrowIfError("open");
        Assert.Equal(last, store.LastSequence);

        Errno Next()
        {
            var failed = store.Append(Line(sequence + 1), EventLoop.Now);
            if (failed == Errno.None) sequence++;
            return failed;
        }
    }

    [Fact]
    public void Read_only_disk_is_an_error_and_taken_up_when_it_works_again()
    {
        using var store = new LogStore(_opened, new StoreLimits(160 << 10, 16 << 10, 1, 0), Boot, _ => { });
        store.Open().ThrowIfError("open");
        Assert.Equal(Errno.None, store.Append(Line(1), EventLoop.Now));
        store.Dispose();
        // A child that another test is just starting has a copy of what was written to, until it calls execve(2).
        var errno = Errno.EBUSY;
        for (var end = EventLoop.Now + TimeSpan.FromSeconds(10); errno == Errno.EBUSY && EventLoop.Now < end;)
            errno = Sys.Mount("none", _folder, null, Libc.MS_REMOUNT | Libc.MS_RDONLY);
        errno.ThrowIfError("remount");
        Assert.Equal(Errno.EROFS, store.Open());
        Assert.False(store.IsOpen);
        Sys.Mount("none", _folder, null, Libc.MS_REMOUNT).ThrowIfError("remount");
        Assert.Equal(Errno.None, store.Open());
        Assert.Equal(1, store.LastSequence);
        Assert.Equal(Errno.None, store.Append(Line(2), EventLoop.Now));
    }

    private static byte[] Line(long sequence)
    {
        byte[] target = new byte[2000];
        return target[..StoreLine.Write(new Dora.Syslog.LogEntry
        {
            Sequence = sequence, TimeUs = 1_795_303_201_000_000, Source = LogSource.Output, Service = "web"u8, Text = new byte[400].Select(_ => (byte)'x').ToArray(),
        }, target)];
    }
}
