using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;

namespace Dora.Boot.Tests.Harness;

/// <summary>
/// All that the machine wrote to its serial line, readable while it grows. Escape sequences and carriage returns are
/// left out, so that a pattern sees the text that a person sees. A kernel panic in it fails every wait at once.
/// </summary>
public sealed partial class Transcript
{
    readonly object _gate = new();
    readonly StringBuilder _text = new();
    readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    bool _panicExpected;
    bool _ended;
    Escape _escape;

    enum Escape { None, Started, Sequence, String }

    // Whole lines only: the cause may still be on its way.
    [GeneratedRegex(@"Kernel panic - not syncing.*(?=\n)")]
    private static partial Regex Panic { get; }

    public string Text
    {
        get { lock (_gate) return _text.ToString(); }
    }

    /// <summary>Where the text ends now: a wait that is given this sees only what comes later.</summary>
    public int End
    {
        get { lock (_gate) return _text.Length; }
    }

    /// <summary>From here on a panic is what the test wants to see.</summary>
    public void ExpectPanic()
    {
        lock (_gate) _panicExpected = true;
    }

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        Span<char> chars = new char[bytes.Length + 1];
        int count = _decoder.GetChars(bytes, chars, flush: false);
        lock (_gate)
        {
            foreach (char c in chars[..count]) Append(c);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Nothing more comes: the machine is gone.</summary>
    internal void Close()
    {
        lock (_gate)
        {
            _ended = true;
            Monitor.PulseAll(_gate);
        }
    }

    void Append(char c)
    {
        switch (_escape)
        {
            case Escape.None when c == '\e': _escape = Escape.Started; return;
            case Escape.None when c is '\r' or '\0' or '\a': return;
            case Escape.None: _text.Append(c); return;
            case Escape.Started: _escape = c == '[' ? Escape.Sequence : c is ']' or 'P' ? Escape.String : Escape.None; return;
            case Escape.Sequence: if (c is >= '@' and <= '~') _escape = Escape.None; return;
            case Escape.String: if (c is '\a' or '\n') _escape = Escape.None; return;
            default: throw new UnreachableException();
        }
    }

    /// <summary>
    /// Waits until <paramref name="pattern"/> matches in what was written behind <paramref name="from"/> (multi-line:
    /// ^ and $ are those of lines). <paramref name="what"/> says in words what is waited for.
    /// </summary>
    public Match WaitFor(string pattern, TimeSpan limit, string what, int from = 0)
    {
        var regex = new Regex(pattern, RegexOptions.Multiline | RegexOptions.CultureInvariant);
        long start = Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (true)
            {
                FailOnPanic(what);
                string text = _text.ToString(from, _text.Length - from);
                if (regex.Match(text) is { Success: true } match) return match;
                if (_ended) throw new MachineException($"the machine ended while waiting for {what} (/{pattern}/)", Tail());
                var left = limit - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero)
                    throw new MachineException($"{what} (/{pattern}/) did not come within {limit.TotalSeconds} s", Tail());
                int length = _text.Length;
                // Matching costs: not for every byte, but 20 times a second at most.
                Monitor.Wait(_gate, left);
                if (_text.Length - length < 200) Monitor.Wait(_gate, TimeSpan.FromMilliseconds(10));
            }
        }
    }

    /// <summary>Throws if the kernel has panicked.</summary>
    public void FailOnPanic(string what)
    {
        lock (_gate)
        {
            if (_panicExpected) return;
            if (Panic.Match(_text.ToString()) is { Success: true } panic)
                throw new MachineException($"{panic.Value} (while waiting for {what})", Tail());
        }
    }

    /// <summary>The last lines, for messages.</summary>
    public string Tail(int lines = 60)
    {
        string text = Text;
        int start = text.Length;
        for (int i = 0; i <= lines && start > 0; i++) start = text.LastIndexOf('\n', start - 1) is var end and >= 0 ? end : 0;
        return text[start..].TrimStart('\n');
    }
}
