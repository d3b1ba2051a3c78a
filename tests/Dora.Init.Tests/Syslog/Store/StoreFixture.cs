using System.IO.Compression;
using System.Text;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Events;
using Dora.Syslog;
using Dora.Syslog.Store;

namespace Dora.Init.Tests.Syslog.Store;

/// <summary>A store in a folder of the test's own, and what lies there.</summary>
public abstract class StoreFixture : IDisposable
{
    protected const string ThisBoot = "1a2b3c4d000000000000000000000000", NextBoot = "ffff00000000000000000000000000ff";
    private protected static readonly StoreLimits Small = new(64 << 10, 16 << 10, 1, 0);

    protected StoreFixture() => Opened = OpenFolder(Folder);

    protected string Folder { get; } = Directory.CreateTempSubdirectory("dora-store-").FullName;
    private protected FileDescriptor Opened { get; }
    protected List<string> Told { get; } = [];
    private protected string Current => Path.Combine(Folder, StoreFile.Current);

    public virtual void Dispose()
    {
        Opened.Dispose();
        Directory.Delete(Folder, true);
        GC.SuppressFinalize(this);
    }

    private protected static FileDescriptor OpenFolder(string path)
    {
        Sys.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder).ThrowIfError("open", path);
        return folder;
    }

    private protected LogStore New(StoreLimits limits, string boot = ThisBoot) => new(Opened, limits, boot, Told.Add);

    private protected LogStore Open(StoreLimits limits, string boot = ThisBoot)
    {
        var store = New(limits, boot);
        store.Open().ThrowIfError("open store");
        return store;
    }

    private protected static byte[] Line(long sequence, string text = "text", long? timeUs = null)
    {
        byte[] target = new byte[StoreLine.Longest];
        int length = StoreLine.Write(new LogEntry
        {
            Sequence = sequence, TimeUs = timeUs ?? 1_795_303_201_000_000 + sequence * 1000, BootUs = sequence * 1000, Priority = 30, Source = LogSource.Output,
            Service = "web"u8, Text = Encoding.UTF8.GetBytes(text),
        }, target);
        return target[..length];
    }

    private protected static void Append(LogStore store, long sequence, string text = "text") =>
        store.Append(Line(sequence, text), EventLoop.Now).ThrowIfError("append");

    /// <summary>Names in order, current.log last.</summary>
    protected List<string> Files()
    {
        var names = Directory.GetFiles(Folder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToList();
        return names;
    }

    protected string Content(string name)
    {
        using var file = File.OpenRead(Path.Combine(Folder, name));
        using Stream stream = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
        using var reader = new StreamReader(stream, Encoding.Latin1);
        return reader.ReadToEnd();
    }

    /// <summary>The numbers of all lines in all files, in order; what is no line is given to <paramref name="other"/>.</summary>
    protected List<long> Sequences(Action<string>? other = null)
    {
        var numbers = new List<long>();
        byte[] scratch = new byte[StoreLine.Longest];
        foreach (string name in Files())
            foreach (string line in Content(name).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                if (StoreLine.TryParse(Encoding.Latin1.GetBytes(line), scratch, out var entry)) numbers.Add(entry.Sequence);
                else if (!line.StartsWith('#')) other?.Invoke(line);
        return numbers;
    }
}
