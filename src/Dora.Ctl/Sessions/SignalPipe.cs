using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Ctl.Sessions;

/// <summary>Signals as bytes in a pipe, for poll(2): the runtime tells them on a thread of its own.</summary>
internal sealed class SignalPipe : IDisposable
{
    private static readonly byte[] s_signals = [Libc.SIGINT, Libc.SIGQUIT, Libc.SIGTERM, Libc.SIGHUP, Libc.SIGWINCH, Libc.SIGTSTP, Libc.SIGCONT];

    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly FileDescriptor _write;

    public SignalPipe()
    {
        Sys.Pipe(out var read, out _write, Libc.O_NONBLOCK).ThrowIfError("pipe");
        ReadEnd = read;
        foreach (byte number in s_signals)
            // A number as it is means the system's own signal.
            _registrations.Add(PosixSignalRegistration.Create((PosixSignal)number, context =>
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
