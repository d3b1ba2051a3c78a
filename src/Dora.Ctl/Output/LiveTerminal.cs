using System.Runtime.InteropServices;
using System.Text;
using Dora.Core.Linux;

namespace Dora.Ctl.Output;

/// <summary>
/// The whole terminal for a picture that changes: its other screen, keys one by one and unseen. On every way out (a key, a
/// signal, an exception) the terminal is as it was; only SIGKILL leaves that to <c>reset</c>.
/// </summary>
internal sealed class LiveTerminal : IDisposable
{
    // Other screen, cursor hidden, lines cut at the edge instead of wrapped; and back.
    private const string Enter = "\e[?1049h\e[?25l\e[?7l", Leave = "\e[?7h\e[?25h\e[?1049l";

    private readonly FileDescriptor _input = new(0);
    private readonly FileDescriptor _output;
    private readonly Libc.termios _before;
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _isLeft;
    private volatile bool _isAskedToEnd;

    private LiveTerminal(FileDescriptor output, Libc.termios before)
    {
        _output = output;
        _before = before;
        foreach (var signal in new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT })
            _signals.Add(PosixSignalRegistration.Create(signal, asked =>
            {
                asked.Cancel = true;
                _isAskedToEnd = true;
            }));
    }

    /// <summary>Null where stdin is no terminal.</summary>
    /// <param name="output">The terminal that is drawn on.</param>
    public static unsafe LiveTerminal? Open(FileDescriptor output)
    {
        if (Sys.GetTerminal(new FileDescriptor(0), out var before) != Errno.None) return null;
        var live = new LiveTerminal(output, before);
        var raw = before;
        raw.c_lflag &= ~(Libc.ICANON | Libc.ECHO | Libc.ISIG);
        raw.c_cc[Libc.VMIN] = 1;
        raw.c_cc[Libc.VTIME] = 0;
        _ = Sys.SetTerminal(live._input, raw);
        live.Send(Enter);
        return live;
    }

    /// <summary>Somebody wants us to end, or the terminal is gone.</summary>
    public bool HasEnded => _isAskedToEnd;

    public (int Rows, int Columns) Size
    {
        get
        {
            _ = Sys.GetWindowSize(_output, out int rows, out int columns);
            return (rows > 0 ? rows : 24, columns > 0 ? columns : 80);
        }
    }

    /// <summary>The next key; null when none comes in time.</summary>
    public char? Key(TimeSpan wait)
    {
        Span<byte> key = stackalloc byte[16];
        if (Sys.WaitReadable(_input, Sys.TimeSinceBoot() + wait) != Errno.None) return null;
        if (Sys.Read(_input, key, out int count) != Errno.None || count == 0)
        {
            _isAskedToEnd = true; // the terminal was closed
            return null;
        }
        return count == 1 ? (char)key[0] : '\0'; // arrows and the like
    }

    /// <summary>Shows a picture in the place of the last one.</summary>
    public void Show(string text)
    {
        var frame = new StringBuilder("\e[H");
        string[] lines = text.TrimEnd('\n').Split('\n');
        int rows = Size.Rows;
        for (int i = 0; i < lines.Length && i < rows; i++)
        {
            if (i > 0) frame.Append("\r\n");
            frame.Append(lines[i]).Append("\e[K");
        }
        Send(frame.Append("\e[J").ToString());
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isLeft, 1) != 0) return;
        Send(Leave);
        _ = Sys.SetTerminal(_input, _before);
        foreach (var signal in _signals) signal.Dispose();
    }

    private void Send(string text)
    {
        ReadOnlySpan<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty && Sys.Write(_output, bytes, out int count) == Errno.None) bytes = bytes[count..];
    }
}
