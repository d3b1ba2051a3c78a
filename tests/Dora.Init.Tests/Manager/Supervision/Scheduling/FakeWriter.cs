using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.Supervision.Scheduling;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Scheduling;

/// <summary>In the place of the process that writes the history of jobs: what it is given, and an answer when the test says so.</summary>
internal sealed class FakeWriter : IDisposable
{
    private Action<string>? _ended;

    public List<string> Written { get; } = [];

    public bool IsBusy => _ended is not null;

    public IDisposable Start(FileDescriptor file, Action<string> ended)
    {
        Assert.False(IsBusy, "two at once");
        Written.Add(Text(file));
        _ended = ended;
        return this;
    }

    public void Answer(string answer)
    {
        var ended = _ended!;
        _ended = null;
        ended(answer);
    }

    public static string Text(FileDescriptor file)
    {
        var content = new byte[1 << 16];
        Sys.ReadAt(file, content, 0, out int length).ThrowIfError("pread");
        return Encoding.UTF8.GetString(content, 0, length);
    }

    public void Dispose()
    {
    }

    /// <summary>In the place of the process that reads: a file that says <paramref name="disk"/>.</summary>
    public static Func<FileDescriptor, Action<string>, IDisposable> Reads(GraphWorld world, Func<string> disk) => (file, ended) =>
    {
        Sys.WriteAllAt(file, Encoding.UTF8.GetBytes(disk()), 0).ThrowIfError("pwrite");
        world.Supervisor.Loop.Post("reader", () => ended("read"));
        return world;
    };

    /// <summary>A history whose file says <paramref name="disk"/>; what is written goes to <paramref name="write"/>.</summary>
    public static JobHistory On(GraphWorld world, Func<string> disk, Action<string>? write = null) => new(world.Supervisor.Loop, world.Supervisor.Jobs.AllText)
    {
        IsHurried = () => world.Supervisor.IsEnding,
        Reader = Reads(world, disk),
        Writer = (file, ended) =>
        {
            write?.Invoke(Text(file));
            world.Supervisor.Loop.Post("writer", () => ended("written"));
            return world;
        },
    };
}
