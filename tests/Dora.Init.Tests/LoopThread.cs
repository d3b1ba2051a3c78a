using System.Collections.Concurrent;
using Dora.Core.Events;
using Dora.Core.Linux;

namespace Dora.Init.Tests;

/// <summary>An event loop on a thread of its own; the test's thread asks it to do things and waits for them.</summary>
internal sealed class LoopThread : IDisposable
{
    private readonly ConcurrentQueue<Action> _calls = new();
    private readonly FileDescriptor _wake, _wakeEnd;
    private readonly Thread _thread;

    public LoopThread()
    {
        Loop = new EventLoop();
        Sys.Pipe(out _wake, out _wakeEnd, Libc.O_NONBLOCK).ThrowIfError("pipe2");
        Loop.Watch(_wake, Libc.EPOLLIN, "test", _ =>
        {
            Sys.Read(_wake, new byte[64], out int _);
            while (_calls.TryDequeue(out var call)) call();
        });
        _thread = new Thread(Loop.Run) { IsBackground = true };
        _thread.Start();
    }

    public EventLoop Loop { get; }

    public T Call<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        _calls.Enqueue(() =>
        {
            try { result.SetResult(function()); }
            catch (Exception exception) { result.SetException(exception); }
        });
        Sys.Write(_wakeEnd, "x"u8, out _).ThrowIfError("write");
        if (!result.Task.Wait(TimeSpan.FromSeconds(20))) throw new TimeoutException("the loop does not answer");
        return result.Task.Result;
    }

    public void Call(Action action) => Call(() =>
    {
        action();
        return 0;
    });

    /// <summary>Waits until <paramref name="condition"/>, asked on the loop, holds.</summary>
    public void Until(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (!Call(condition))
        {
            if (DateTime.UtcNow > deadline) throw new TimeoutException(what);
            Thread.Sleep(2);
        }
    }

    public void Dispose()
    {
        Call(Loop.Stop);
        _thread.Join();
        Loop.Dispose();
        _wake.Dispose();
        _wakeEnd.Dispose();
    }
}
