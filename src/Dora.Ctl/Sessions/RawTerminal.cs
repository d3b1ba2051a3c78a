using Dora.Core.Linux;

namespace Dora.Ctl.Sessions;

/// <summary>
/// Our own terminal while a session has it: every key goes to the other side. However we end, it has to be what it was, or
/// its user sits before a screen that does not echo: also by a signal that can be caught, and after a defect. (After SIGKILL
/// nobody can: 'stty sane' helps.)
/// </summary>
internal sealed class RawTerminal : IDisposable
{
    private readonly FileDescriptor _terminal;
    private readonly Libc.termios _before;
    private readonly Lock _lock = new();
    private bool _isRaw;

    private RawTerminal(FileDescriptor terminal, Libc.termios before) => (_terminal, _before) = (terminal, before);

    /// <summary>Null where <paramref name="terminal"/> is none.</summary>
    public static RawTerminal? Of(FileDescriptor terminal)
    {
        if (!Sys.IsTerminal(terminal) || Sys.GetTerminal(terminal, out var before) != Errno.None) return null;
        var raw = new RawTerminal(terminal, before);
        AppDomain.CurrentDomain.UnhandledException += (_, _) => raw.Restore();
        AppDomain.CurrentDomain.ProcessExit += (_, _) => raw.Restore();
        raw.Enter();
        return raw;
    }

    public void Enter()
    {
        lock (_lock)
        {
            _isRaw = true;
            _ = Sys.SetTerminal(_terminal, Sys.Raw(_before));
        }
    }

    /// <summary>May be called twice, and from any thread.</summary>
    public void Restore()
    {
        lock (_lock)
        {
            if (!_isRaw) return;
            _isRaw = false;
            _ = Sys.SetTerminal(_terminal, _before);
        }
    }

    public void Dispose() => Restore();
}
