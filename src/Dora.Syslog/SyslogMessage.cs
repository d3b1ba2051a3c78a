using System.Buffers.Text;

namespace Dora.Syslog;

/// <summary>
/// What a program sends to /dev/log, as real ones do: RFC 3164 without a host name (glibc, musl, busybox), with one
/// (logger --rfc3164), RFC 5424 (logger --rfc5424), or just text. Parsing cannot fail: what fits no form is the message.
/// </summary>
internal ref struct SyslogMessage
{
    private const int UserNotice = 1 * 8 + 5;

    /// <summary>0 to 191. The kernel's facility is not for others: it becomes "user".</summary>
    public int Priority;

    /// <summary>The program's name as it says; may be empty.</summary>
    public ReadOnlySpan<byte> Tag;

    /// <summary>The pid as the sender says, 0 without: for display at most, the kernel's word is in the credentials.</summary>
    public int ClaimedPid;

    public ReadOnlySpan<byte> Text;

    /// <summary>Of a message of another machine: what it calls itself, when it says that it was, and the process as it stands there. May be empty.</summary>
    public ReadOnlySpan<byte> Host, Time, Process;

    public readonly int Facility => Priority >> 3;

    public readonly int Severity => Priority & 7;

    /// <param name="datagram">What came.</param>
    /// <param name="hostName">This machine's: a first word equal to it, or to its part before the dot, is no tag.</param>
    public static SyslogMessage Parse(ReadOnlySpan<byte> datagram, ReadOnlySpan<byte> hostName)
    {
        SyslogMessage message = new() { Priority = UserNotice };
        // Old programs send the terminating NUL too, and many a newline.
        var rest = datagram.TrimEnd("\0\r\n "u8);
        bool hasPriority = TryTakePriority(ref rest, ref message.Priority);
        if (!hasPriority || !TryRfc5424(rest, ref message)) Rfc3164(rest, hostName, ref message);
        return message;
    }

    /// <summary>A message of another machine: with its name, and with any facility that it says.</summary>
    public static SyslogMessage ParseRemote(ReadOnlySpan<byte> bytes)
    {
        SyslogMessage message = new() { Priority = UserNotice };
        var rest = bytes.TrimEnd("\0\r\n "u8);
        bool hasPriority = TryTakePriority(ref rest, ref message.Priority, isRemote: true);
        if (!hasPriority || !TryRfc5424(rest, ref message)) RemoteRfc3164(rest, ref message);
        return message;
    }

    private static bool TryTakePriority(scoped ref ReadOnlySpan<byte> rest, ref int priority, bool isRemote = false)
    {
        if (rest.IsEmpty || rest[0] != (byte)'<') return false;
        int end = rest[..Math.Min(rest.Length, 5)].IndexOf((byte)'>');
        if (end < 2) return false;
        int value = 0;
        foreach (byte b in rest[1..end])
        {
            if (b is < (byte)'0' or > (byte)'9') return false;
            value = value * 10 + b - '0';
        }
        if (value > 191) return false;
        priority = value < 8 && !isRemote ? value + 8 : value;
        rest = rest[(end + 1)..];
        return true;
    }

    // <PRI>1 TIME HOST APP PROCID MSGID [data]... MSG, each field "-" where unknown
    private static bool TryRfc5424(ReadOnlySpan<byte> rest, ref SyslogMessage message)
    {
        if (!rest.StartsWith("1 "u8)) return false;
        rest = rest[2..];
        if (!TryTakeWord(ref rest, out var time) || !(time.SequenceEqual("-"u8) || IsDate(time))) return false;
        if (!TryTakeWord(ref rest, out var host) || !TryTakeWord(ref rest, out var tag)) return false;
        if (!TryTakeWord(ref rest, out var pid) || !TryTakeWord(ref rest, out _)) return false;
        if (!TrySkipData(ref rest)) return false;
        if (rest.StartsWith("\uFEFF"u8)) rest = rest[3..];
        message.Tag = tag.SequenceEqual("-"u8) ? default : tag;
        message.ClaimedPid = Number(pid);
        message.Host = host.SequenceEqual("-"u8) ? default : host;
        message.Time = time.SequenceEqual("-"u8) ? default : time;
        message.Process = pid.SequenceEqual("-"u8) ? default : pid;
        message.Text = rest;
        return true;
    }

    private static bool TrySkipData(scoped ref ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("-"u8)) rest = rest[1..];
        else
        {
            if (rest.IsEmpty || rest[0] != (byte)'[') return false;
            while (!rest.IsEmpty && rest[0] == (byte)'[')
            {
                bool isQuoted = false;
                int i = 1;
                for (; i < rest.Length; i++)
                {
                    if (isQuoted && rest[i] == (byte)'\\') i++;
                    else if (rest[i] == (byte)'"') isQuoted = !isQuoted;
                    else if (!isQuoted && rest[i] == (byte)']') break;
                }
                if (i >= rest.Length) return false;
                rest = rest[(i + 1)..];
            }
        }
        if (rest.IsEmpty) return true;
        if (rest[0] != (byte)' ') return false;
        rest = rest[1..];
        return true;
    }

    // [Mmm dd hh:mm:ss ][HOST ]TAG[PID]: MSG
    private static void Rfc3164(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> hostName, ref SyslogMessage message)
    {
        int length = rest.Length;
        if (rest.Length >= 16 && rest[3] == (byte)' ' && rest[6] == (byte)' ' && rest[9] == (byte)':'
            && rest[12] == (byte)':' && rest[15] == (byte)' ') rest = rest[16..];
        else if (rest.IndexOf((byte)' ') is > 18 and var end && IsDate(rest[..end])) rest = rest[(end + 1)..];
        if (rest.IndexOf((byte)' ') is > 0 and var space && IsHost(rest[..space], hostName)) rest = rest[(space + 1)..];
        // Behind a time the tag may be empty: musl's syslog(3) before openlog(3) writes ": MSG" and "[PID]: MSG".
        if (!TryTag(rest, rest.Length < length ? 0 : 1, ref message)) message.Text = rest;
    }

    // Behind a time stands the sender's name, unless it looks like a tag: what relays send, and all that follow RFC 3164.
    private static void RemoteRfc3164(ReadOnlySpan<byte> rest, ref SyslogMessage message)
    {
        var all = rest;
        if (rest.Length >= 16 && rest[3] == (byte)' ' && rest[6] == (byte)' ' && rest[9] == (byte)':'
            && rest[12] == (byte)':' && rest[15] == (byte)' ') rest = rest[16..];
        else if (rest.IndexOf((byte)' ') is > 18 and var end && IsDate(rest[..end]))
        {
            message.Time = rest[..end];
            rest = rest[(end + 1)..];
        }
        bool hasTime = rest.Length < all.Length;
        if (hasTime && rest.IndexOf((byte)' ') is > 0 and var space && rest[space - 1] != (byte)':' && rest[..space].IndexOf((byte)'[') < 0)
        {
            message.Host = rest[..space];
            rest = rest[(space + 1)..];
        }
        if (!TryTag(rest, hasTime ? 0 : 1, ref message)) message.Text = rest;
    }

    private static bool TryTag(ReadOnlySpan<byte> rest, int shortest, ref SyslogMessage message)
    {
        int colon = rest.IndexOf((byte)':');
        // "foo:bar" without a blank is text, such as a URL or a time.
        if (colon < shortest || colon > 64 || (colon + 1 < rest.Length && rest[colon + 1] != (byte)' ')) return false;
        var tag = rest[..colon];
        int pid = 0;
        if (tag.EndsWith("]"u8))
        {
            int bracket = tag.LastIndexOf((byte)'[');
            if (bracket < shortest) return false;
            message.Process = tag[(bracket + 1)..^1];
            pid = Number(message.Process);
            tag = tag[..bracket];
        }
        // openlog(3) allows anything as identity; a sentence with a colon is none.
        if (tag.IndexOfAnyInRange((byte)0, (byte)' ') >= 0) return false;
        message.Tag = tag;
        message.ClaimedPid = pid;
        message.Text = rest[Math.Min(colon + 2, rest.Length)..];
        return true;
    }

    private static bool IsHost(ReadOnlySpan<byte> word, ReadOnlySpan<byte> hostName)
    {
        if (hostName.IsEmpty) return false;
        int dot = hostName.IndexOf((byte)'.');
        return word.SequenceEqual(hostName) || (dot > 0 && word.SequenceEqual(hostName[..dot]));
    }

    // 2026-11-21T03:55:35...
    private static bool IsDate(ReadOnlySpan<byte> word) =>
        word.Length >= 19 && word[4] == (byte)'-' && word[7] == (byte)'-' && word[10] == (byte)'T' && word[13] == (byte)':';

    private static bool TryTakeWord(scoped ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> word)
    {
        int space = rest.IndexOf((byte)' ');
        word = space < 1 ? default : rest[..space];
        if (space < 1) return false;
        rest = rest[(space + 1)..];
        return true;
    }

    private static int Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out int value, out int used) && used == digits.Length && value > 0 ? value : 0;
}
