using System.Globalization;
using System.Text;
using Dora.Core.Linux;

namespace Dora.Ctl.Output;

/// <summary>
/// An output of dora: text collected and written at once. Not System.Console, which reads terminfo, changes signal
/// handling and costs more than the request. Colour only on a terminal and without NO_COLOR; on a terminal, text that
/// comes from elsewhere has its control characters made visible.
/// </summary>
internal sealed class Screen(FileDescriptor fd, bool isTerminal, bool colour, int? width = null) : TextWriter
{
    private const int UsualWidth = 80, LeastWidth = 20;

    private readonly StringBuilder _text = new();

    public override Encoding Encoding => Encoding.UTF8;

    public bool IsTerminal => isTerminal;

    public FileDescriptor Descriptor => fd;

    /// <summary>Columns that a line may take; null where nobody looks at it and lines may be of any length.</summary>
    public int? Width => !isTerminal ? null : width ?? Math.Max(WidthOf(fd), LeastWidth);

    /// <summary>Whether lines of trees may be drawn; the Linux console and what has no locale can show them.</summary>
    public bool IsUnicode { get; } = SaysUnicode("LC_ALL") ?? SaysUnicode("LC_CTYPE") ?? SaysUnicode("LANG") ?? true;

    public static Screen Of(FileDescriptor fd)
    {
        bool isTerminal = Sys.IsTerminal(fd);
        bool colour = isTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");
        return new Screen(fd, isTerminal, colour);
    }

    public override void Write(char value) => _text.Append(value);

    public override void Write(string? value) => _text.Append(value);

    public override void WriteLine(string? value) => _text.Append(value).Append('\n');

    public override void WriteLine() => _text.Append('\n');

    /// <summary>Text that was written elsewhere: a message, a log line, a name.</summary>
    public string Foreign(string text) => isTerminal ? Sanitizer.Clean(text) : text;

    public string Paint(Tone tone, string text) => !colour || tone == Tone.Plain ? text : tone switch
    {
        Tone.Good => $"\e[32m{text}\e[0m",
        Tone.Busy => $"\e[33m{text}\e[0m",
        Tone.Bad => $"\e[31m{text}\e[0m",
        Tone.Strong => $"\e[1m{text}\e[0m",
        _ => $"\e[2m{text}\e[0m",
    };

    /// <summary>Bytes as they are (<c>--json</c>).</summary>
    public void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        Flush();
        Send(bytes);
    }

    /// <summary>One JSON text (<c>--json</c>) as a line of its own, whether or not it came with the end of one.</summary>
    public void WriteJson(ReadOnlySpan<byte> json)
    {
        WriteRaw(json);
        if (json is not [.., (byte)'\n']) WriteRaw("\n"u8);
    }

    public override void Flush()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(_text.ToString());
        _text.Clear();
        Send(bytes);
    }

    /// <summary>What was collected, for who writes it in a way of its own.</summary>
    public string Take()
    {
        string text = _text.ToString();
        _text.Clear();
        return text;
    }

    // COLUMNS is for a line that does not know its size (a serial console), and for scripts that want another.
    private static int WidthOf(FileDescriptor fd)
    {
        if (Sys.GetWindowSize(fd, out _, out int columns) == Errno.None && columns > 0) return columns;
        return int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int told) && told > 0
            ? told : UsualWidth;
    }

    private static bool? SaysUnicode(string variable) => Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } locale
        ? null
        : locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("utf8", StringComparison.OrdinalIgnoreCase);

    private void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var errno = Sys.Write(fd, bytes, out int count);
            if (errno != Errno.None) throw new OutputClosedException(errno);
            bytes = bytes[count..];
        }
    }
}

/// <summary>Whoever read our output is gone (<c>dora log | head</c>), or the disk behind it is full.</summary>
internal sealed class OutputClosedException(Errno errno) : Exception
{
    public Errno Errno { get; } = errno;
}
