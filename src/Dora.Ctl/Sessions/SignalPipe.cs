using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Ctl.Sessions;

/// <summary>Signals as bytes in a pipe, for poll(2): the runtime tells them on a thread of its own.</summary>
internal sealed class SignalPipe : IDisposable
{
    private static readonly (PosixSignal Signal, byte Number)[] s_signals =
    [
        (PosixSignal.SIGINT, Libc.SIGINT), (PosixSignal.SIGQUIT, Libc.SIGQUIT), (PosixSignal.SIGTERM, Libc.SIGTERM), (PosixSignal.SIGHUP, Libc.SIGHUP),
        (PosixSignal.SIGWINCH, Libc.SIGWINCH), (PosixSignal.SIGTSTP, Libc.SIGTSTP), (PosixSignal.SIGCONT, Libc.SIGCONT),
    ];

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly FileDescriptor _write;

    public SignalPipe()
    {
        Sys.Pipe(out var read, out _write, Libc.O_NONBLOCK).ThrowIfError("pipe");
        ReadEnd = read;
        foreach (var (signal, number) in s_signals)
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                _ = Sys.Write(_write, [number], out _); // a full pipe has enough to tell
            }));
    }

    public FileDescriptor ReadEnd { get; }

    public void Dispose()
    {
        foreach (var registration in _registrations) registration.Dispose();
        ReadEnd.Dispose();
        _write.Dispose();
    }
}
