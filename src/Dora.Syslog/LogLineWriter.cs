using System.Buffers.Text;
using System.Text.Unicode;
using System.Text;
using Dora.Core.Protocol;

namespace Dora.Syslog;

/// <summary>
/// Writes a line as the JSON of <see cref="Core.Protocol.LogLine"/>, from bytes to bytes. Bytes that are no UTF-8
/// become the four characters <c>\xNN</c>, so what a program wrote can still be told; control characters are escaped
/// by JSON's own rule.
/// </summary>
internal static class LogLineWriter
{
    /// <summary>No byte of a line takes more than six.</summary>
    public static int WorstCase(in LogEntry entry) => 320 + (entry.Service.Length + entry.Text.Length) * 6;

    /// <summary>The length of the JSON and its newline in <paramref name="target"/>, which must hold <see cref="WorstCase"/>.</summary>
    public static int Write(in LogEntry entry, Span<byte> target)
    {
        int at = 0;
        Put(target, ref at, "{\"time\":\""u8);
        var time = DateTime.UnixEpoch.AddMicroseconds(Math.Clamp(entry.TimeUs, 0, 253402300799_000000));
        PutTime(target, ref at, time);
        Put(target, ref at, "\",\"bootMs\":"u8);
        PutNumber(target, ref at, entry.BootUs / 1000);
        Put(target, ref at, ",\"service\":\""u8);
        if (entry.Source == LogSource.Remote) PutRemote(target, ref at, entry.Service);
        else PutText(target, ref at, entry.Service);
        if (entry.Pid > 0)
        {
            Put(target, ref at, "\",\"pid\":"u8);
            PutNumber(target, ref at, entry.Pid);
            Put(target, ref at, ",\"stream\":\""u8);
        }
        else Put(target, ref at, "\",\"stream\":\""u8);
        Put(target, ref at, entry.Source switch
        {
            LogSource.Output => "output"u8,
            LogSource.Error => "error"u8,
            LogSource.Kernel => "kernel"u8,
            LogSource.Remote => "remote"u8,
            _ => "syslog"u8,
        });
        Put(target, ref at, "\",\"priority\":"u8);
        PutNumber(target, ref at, entry.Severity);
        Put(target, ref at, ",\"facility\":"u8);
        PutNumber(target, ref at, entry.Priority >> 3);
        if (entry.IsContinuation) Put(target, ref at, ",\"continued\":true"u8);
        Put(target, ref at, ",\"sequence\":"u8);
        PutNumber(target, ref at, entry.Sequence);
        Put(target, ref at, ",\"message\":\""u8);
        PutText(target, ref at, entry.Text);
        Put(target, ref at, "\"}\n"u8);
        return at;
    }

    private static void PutRemote(Span<byte> target, ref int at, ReadOnlySpan<byte> name)
    {
        Receiving.RemoteName.Split(name, out var address, out var host, out var tag, out var time);
        PutText(target, ref at, address);
        PutMember(target, ref at, "\",\"host\":\""u8, host);
        PutMember(target, ref at, "\",\"tag\":\""u8, tag);
        PutMember(target, ref at, "\",\"sent\":\""u8, time);
    }

    private static void PutMember(Span<byte> target, ref int at, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty) return;
        Put(target, ref at, key);
        PutText(target, ref at, value);
    }

    private static void Put(Span<byte> target, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(target[at..]);
        at += text.Length;
    }

    private static void PutNumber(Span<byte> target, ref int at, long number)
    {
        Utf8Formatter.TryFormat(number, target[at..], out int written);
        at += written;
    }

    // See Moment.Format, which is the same for characters.
    private static void PutTime(Span<byte> target, ref int at, DateTime utc)
    {
        PutDigits(target, ref at, utc.Year, 4, (byte)'-');
        PutDigits(target, ref at, utc.Month, 2, (byte)'-');
        PutDigits(target, ref at, utc.Day, 2, (byte)'T');
        PutDigits(target, ref at, utc.Hour, 2, (byte)':');
        PutDigits(target, ref at, utc.Minute, 2, (byte)':');
        PutDigits(target, ref at, utc.Second, 2, (byte)'.');
        PutDigits(target, ref at, utc.Millisecond, 3, (byte)'Z');
    }

    private static void PutDigits(Span<byte> target, ref int at, int number, int digits, byte behind)
    {
        for (int i = digits - 1; i >= 0; i--, number /= 10) target[at + i] = (byte)('0' + number % 10);
        target[at + digits] = behind;
        at += digits + 1;
    }

    private static void PutText(Span<byte> target, ref int at, ReadOnlySpan<byte> text)
    {
        bool isValid = Utf8.IsValid(text);
        while (!text.IsEmpty)
        {
            int length = 1;
            byte b = text[0];
            if (b < 0x80) PutAscii(target, ref at, b);
            else if (isValid || Rune.DecodeFromUtf8(text, out _, out length) == System.Buffers.OperationStatus.Done)
                Put(target, ref at, text[..length]);
            else
            {
                length = 1;
                Put(target, ref at, "\\\\x"u8);
                PutHex(target, ref at, b);
            }
            text = text[length..];
        }
    }

    private static void PutAscii(Span<byte> target, ref int at, byte b)
    {
        if (b is (byte)'"' or (byte)'\\')
        {
            target[at++] = (byte)'\\';
            target[at++] = b;
        }
        else if (b == (byte)'\t') Put(target, ref at, "\\t"u8);
        else if (b is < 0x20 or 0x7F)
        {
            Put(target, ref at, "\\u00"u8);
            PutHex(target, ref at, b);
        }
        else target[at++] = b;
    }

    private static void PutHex(Span<byte> target, ref int at, byte b)
    {
        target[at++] = "0123456789abcdef"u8[b >> 4];
        target[at++] = "0123456789abcdef"u8[b & 15];
    }
}
