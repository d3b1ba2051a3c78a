using System.Text;
using Dora.Core.Linux;
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
}
