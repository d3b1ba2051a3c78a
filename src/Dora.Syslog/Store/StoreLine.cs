using System.Buffers.Text;
using System.Text;
using Dora.Core.Protocol;

namespace Dora.Syslog.Store;

/// <summary>
/// A line of a file of the store, for people, grep and ourselves:
///
///     2026-11-21T23:20:01.123456Z 12.345678 4711 daemon.info output web[12]: the message
///
/// UTC; seconds since boot; sequence number; facility and severity; where it came from, with a <c>+</c> where it goes on the line
/// before; the service; the pid where one is known. What is written is parsed back byte by byte: a control character but tab, a byte that is no
/// UTF-8, and those of U+0080 to U+009F (a terminal obeys them) are <c>\xNN</c>; so is a backslash that would be taken for the
/// beginning of that, and any other is itself. Of another machine (<c>remote</c>) the name is several words (<see cref="Receiving.RemoteName"/>), where a colon
/// is one unless a blank follows, and there is no pid. In a service also blank, <c>[</c> and <c>:</c> are; one without a name is <c>-</c>.
/// </summary>
internal static class StoreLine
{
    public const int TimeLength = 27;

    /// <summary>Of a line with the longest name and text that the ring takes, and its line end.</summary>
    public const int Longest = HeadRoom + (255 + LogRing.MaximumText) * 4;

    private const int HeadRoom = 160;
    private static readonly byte[][] s_facilities = Words("kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock "
        + "local0 local1 local2 local3 local4 local5 local6 local7 f24 f25 f26 f27 f28 f29 f30 f31");
    private static readonly byte[][] s_severities = Words("emerg alert crit err warning notice info debug");
    private static readonly byte[][] s_sources = Words("? output error syslog kernel self remote");

    // Most lines have the second of the line before.
    [ThreadStatic] private static byte[]? s_second;
    [ThreadStatic] private static long s_secondIs;

    public static int WorstCase(in LogEntry entry) => HeadRoom + (entry.Service.Length + entry.Text.Length) * 4;

    /// <summary>The length of the line and its end in <paramref name="target"/>, which must hold <see cref="WorstCase"/>.</summary>
    public static int Write(in LogEntry entry, Span<byte> target)
    {
        int at = 0;
        PutTime(target, ref at, Math.Clamp(entry.TimeUs, 0, 253402300799_999999));
        target[at++] = (byte)' ';
        PutNumber(target, ref at, entry.BootUs / 1_000_000);
        target[at++] = (byte)'.';
        PutDigits(target, ref at, entry.BootUs % 1_000_000, 6);
        target[at++] = (byte)' ';
        PutNumber(target, ref at, entry.Sequence);
        target[at++] = (byte)' ';
        Put(target, ref at, s_facilities[entry.Priority >> 3]);
        target[at++] = (byte)'.';
        Put(target, ref at, s_severities[entry.Priority & 7]);
        target[at++] = (byte)' ';
        Put(target, ref at, s_sources[(int)entry.Source < s_sources.Length ? (int)entry.Source : 0]);
        if (entry.IsContinuation) target[at++] = (byte)'+';
        target[at++] = (byte)' ';
        if (entry.Service.IsEmpty) target[at++] = (byte)'-';
        else if (entry.Service.SequenceEqual("-"u8)) PutEscape(target, ref at, (byte)'-');
        else if (entry.Source == LogSource.Remote) PutRemoteName(target, ref at, entry.Service);
        else PutText(target, ref at, entry.Service, isName: true);
        if (entry.Pid > 0 && entry.Source != LogSource.Remote)
        {
            target[at++] = (byte)'[';
            PutNumber(target, ref at, entry.Pid);
            target[at++] = (byte)']';
        }
        Put(target, ref at, ": "u8);
        PutText(target, ref at, entry.Text, isName: false);
        target[at++] = (byte)'\n';
        return at;
    }

    /// <param name="line">Without its end.</param>
    /// <param name="scratch">As long as the line at least: what the entry's name and text point into.</param>
    /// <param name="entry">What was written.</param>
    public static bool TryParse(ReadOnlySpan<byte> line, Span<byte> scratch, out LogEntry entry)
    {
        entry = default;
        if (!TryTime(line, out entry.TimeUs) || line.Length <= TimeLength || line[TimeLength] != (byte)' ') return false;
        line = line[(TimeLength + 1)..];
        if (!TryNumber(ref line, (byte)'.', out long seconds) || !TryNumber(ref line, (byte)' ', out long rest) || rest > 999_999) return false;
        entry.BootUs = seconds * 1_000_000 + rest;
        if (!TryNumber(ref line, (byte)' ', out entry.Sequence)) return false;
        if (!TryWord(ref line, (byte)'.', s_facilities, out int facility) || !TryWord(ref line, (byte)' ', s_severities, out int severity)) return false;
        entry.Priority = (byte)(facility << 3 | severity);
        int blank = line.IndexOf((byte)' ');
        if (blank < 1) return false;
        entry.IsContinuation = line[blank - 1] == (byte)'+';
        var source = line[..(blank - (entry.IsContinuation ? 1 : 0))];
        int index = IndexOf(s_sources, source);
        if (index < 1) return false;
        entry.Source = (LogSource)index;
        line = line[(blank + 1)..];
        int colon = line.IndexOf(": "u8);
        if (colon < 1) return false;
        var name = line[..colon];
        int bracket = entry.Source == LogSource.Remote ? -1 : name.IndexOf((byte)'[');
        if (bracket >= 0)
        {
            var pid = name[(bracket + 1)..];
            if (!TryNumber(ref pid, (byte)']', out long number) || number > int.MaxValue || !pid.IsEmpty) return false;
            entry.Pid = (int)number;
            name = name[..bracket];
        }
        int length = name.SequenceEqual("-"u8) ? 0 : Unescape(name, scratch);
        entry.Service = scratch[..length];
        scratch = scratch[length..];
        entry.Text = scratch[..Unescape(line[(colon + 2)..], scratch)];
        return entry.Service.Length <= 255;
    }

    /// <summary>Microseconds since 1970 at the beginning of a line.</summary>
    public static bool TryTime(ReadOnlySpan<byte> line, out long timeUs)
    {
        timeUs = 0;
        if (line.Length < TimeLength || line[4] != '-' || line[7] != '-' || line[10] != 'T' || line[13] != ':' || line[16] != ':' || line[19] != '.'
            || line[26] != 'Z') return false;
        if (!Digits(line[..4], out int year) || !Digits(line[5..7], out int month) || !Digits(line[8..10], out int day) || !Digits(line[11..13], out int hour)
            || !Digits(line[14..16], out int minute) || !Digits(line[17..19], out int second) || !Digits(line[20..26], out int us)) return false;
        if (year < 1970 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month) || hour > 23 || minute > 59 || second > 59) return false;
        timeUs = (new DateTime(year, month, day, hour, minute, second, DateTimeKind.Utc) - DateTime.UnixEpoch).Ticks / 10 + us;
        return true;
    }

    public static void PutTime(Span<byte> target, ref int at, long timeUs)
    {
        long second = timeUs / 1_000_000;
        if (second != s_secondIs || s_second is null)
        {
            s_second ??= new byte[20];
            var time = DateTime.UnixEpoch.AddSeconds(second);
            int digit = 0;
            PutDigits(s_second, ref digit, time.Year, 4);
            ReadOnlySpan<byte> signs = "--T::."u8;
            for (int i = 0; i < 5; i++)
            {
                s_second[digit++] = signs[i];
                PutDigits(s_second, ref digit, i switch { 0 => time.Month, 1 => time.Day, 2 => time.Hour, 3 => time.Minute, _ => time.Second }, 2);
            }
            s_second[digit] = (byte)'.';
            s_secondIs = second;
        }
        Put(target, ref at, s_second);
        PutDigits(target, ref at, timeUs % 1_000_000, 6);
        target[at++] = (byte)'Z';
    }

    private static void PutText(Span<byte> target, ref int at, ReadOnlySpan<byte> text, bool isName)
    {
        while (!text.IsEmpty)
        {
            // Plain text, which is nearly all there is, is copied whole.
            int plain = text.IndexOfAnyExceptInRange((byte)(isName ? 0x21 : 0x20), (byte)0x7E);
            if (plain < 0) plain = text.Length;
            int special = isName ? text[..plain].IndexOfAny((byte)'\\', (byte)'[', (byte)':') : text[..plain].IndexOf((byte)'\\');
            if (special >= 0) plain = special;
            Put(target, ref at, text[..plain]);
            text = text[plain..];
            if (text.IsEmpty) return;
            byte b = text[0];
            int length = 1;
            if (b >= 0x80 && Rune.DecodeFromUtf8(text, out var rune, out length) == System.Buffers.OperationStatus.Done && rune.Value > 0x9F)
                Put(target, ref at, text[..length]);
            else
            {
                length = 1;
                bool isItself = b == (byte)'\t' ? !isName : b == (byte)'\\' && !(text.Length > 3 && text[1] == (byte)'x' && IsHex(text[2]) && IsHex(text[3]));
                if (isItself) target[at++] = b;
                else PutEscape(target, ref at, b);
            }
            text = text[length..];
        }
    }

    private static void PutRemoteName(Span<byte> target, ref int at, ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            byte b = name[i];
            bool isItself = b is >= 0x20 and <= 0x7E and not (byte)'\\' && (b != (byte)':' || (i + 1 < name.Length && name[i + 1] != (byte)' '));
            if (isItself) target[at++] = b;
            else PutEscape(target, ref at, b);
        }
    }

    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> scratch)
    {
        int length = 0;
        while (!text.IsEmpty)
        {
            int plain = text.IndexOf((byte)'\\');
            if (plain < 0) plain = text.Length;
            text[..plain].CopyTo(scratch[length..]);
            length += plain;
            text = text[plain..];
            if (text.IsEmpty) break;
            bool isEscape = text.Length > 3 && text[1] == (byte)'x' && IsHex(text[2]) && IsHex(text[3]);
            scratch[length++] = isEscape ? (byte)(HexValue(text[2]) << 4 | HexValue(text[3])) : (byte)'\\';
            text = text[(isEscape ? 4 : 1)..];
        }
        return length;
    }

    private static bool IsHex(byte b) => b is >= (byte)'0' and <= (byte)'9' or >= (byte)'a' and <= (byte)'f';

    private static int HexValue(byte b) => b <= (byte)'9' ? b - '0' : b - 'a' + 10;

    private static void PutEscape(Span<byte> target, ref int at, byte b)
    {
        Put(target, ref at, "\\x"u8);
        target[at++] = "0123456789abcdef"u8[b >> 4];
        target[at++] = "0123456789abcdef"u8[b & 15];
    }

    private static void Put(Span<byte> target, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target[at..]);
        at += text.Length;
    }

    private static void PutNumber(Span<byte> target, ref int at, long number)
    {
        Utf8Formatter.TryFormat(Math.Max(number, 0), target[at..], out int written);
        at += written;
    }

    private static void PutDigits(Span<byte> target, ref int at, long number, int digits)
    {
        for (int i = digits - 1; i >= 0; i--, number /= 10) target[at + i] = (byte)('0' + number % 10);
        at += digits;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        foreach (byte b in text)
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            value = value * 10 + b - '0';
        }
        return true;
    }

    private static bool TryNumber(ref ReadOnlySpan<byte> line, byte end, out long value)
    {
        if (!Utf8Parser.TryParse(line, out value, out int used) || value < 0 || used >= line.Length || line[used] != end || !char.IsAsciiDigit((char)line[0])) return false;
        line = line[(used + 1)..];
        return true;
    }

    private static bool TryWord(ref ReadOnlySpan<byte> line, byte end, byte[][] words, out int index)
    {
        int length = line.IndexOf(end);
        index = length < 1 ? -1 : IndexOf(words, line[..length]);
        if (index < 0) return false;
        line = line[(length + 1)..];
        return true;
    }

    private static int IndexOf(byte[][] words, ReadOnlySpan<byte> word)
    {
        for (int i = 0; i < words.Length; i++)
            if (word.SequenceEqual(words[i])) return i;
        return -1;
    }

    private static byte[][] Words(string text)
    {
        string[] words = text.Split(' ');
        return Array.ConvertAll(words, Encoding.ASCII.GetBytes);
    }
}
