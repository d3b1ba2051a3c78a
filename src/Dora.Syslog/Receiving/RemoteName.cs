using System.Globalization;
using System.Text;
using Dora.Core.Linux;

namespace Dora.Syslog.Receiving;

/// <summary>
/// Whose a line of another machine is, in the place of a service's name: <c>@ADDRESS [HOST [TAG [TIME]]]</c>, such as <c>@10.0.0.7 web1 nginx[12]</c>. The address is
/// that of the peer; the rest is what the sender says of itself, with <c>-</c> where it says nothing, and the time only where it is
/// another than that of arrival. No service and no tag has the blank or begins with the <c>@</c>, so nobody is taken for another.
/// </summary>
internal static class RemoteName
{
    private const int LongestHost = 100, LongestTag = 64, LongestTime = 35;
    private static readonly TimeSpan s_sameTime = TimeSpan.FromSeconds(2);

    /// <summary>The address alone; 0 bytes without one.</summary>
    public static int Write(ReadOnlySpan<byte> address, Span<byte> target) =>
        address.IsEmpty ? Encoding.ASCII.GetBytes("@unknown", target) : Encoding.ASCII.GetBytes("@" + IpEndpoint.Format(address), target);

    /// <summary>Behind the <paramref name="length"/> bytes of the address: what the message says; the length of all.</summary>
    /// <param name="target">255 bytes are enough.</param>
    /// <param name="length">Of what is there.</param>
    /// <param name="message">From the sender.</param>
    /// <param name="arrivedUs">Microseconds since 1970.</param>
    public static int Write(Span<byte> target, int length, in SyslogMessage message, long arrivedUs)
    {
        Span<byte> tag = stackalloc byte[LongestTag];
        int tagLength = Word(message.Tag, tag);
        // Whole, or not at all: with its brackets and the tag, or the dash that stands for none.
        if (!message.Process.IsEmpty && Math.Max(tagLength, 1) + message.Process.Length + 2 <= LongestTag)
        {
            if (tagLength == 0) tag[tagLength++] = (byte)'-';
            tag[tagLength++] = (byte)'[';
            tagLength += Word(message.Process, tag[tagLength..]);
            tag[tagLength++] = (byte)']';
        }
        var time = IsOther(message.Time, arrivedUs) ? message.Time : default;
        if (message.Host.IsEmpty && tagLength == 0 && time.IsEmpty) return length;
        target[length++] = (byte)' ';
        int start = length;
        length += Word(message.Host, target.Slice(length, LongestHost));
        if (length == start) target[length++] = (byte)'-';
        if (tagLength == 0 && time.IsEmpty) return length;
        target[length++] = (byte)' ';
        if (tagLength == 0) tag[tagLength++] = (byte)'-';
        tag[..tagLength].CopyTo(target[length..]);
        length += tagLength;
        if (time.IsEmpty) return length;
        target[length++] = (byte)' ';
        return length + Word(time, target[length..]);
    }

    /// <summary>The parts, empty where there are none.</summary>
    public static void Split(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> address, out ReadOnlySpan<byte> host, out ReadOnlySpan<byte> tag, out ReadOnlySpan<byte> time)
    {
        address = Next(ref name);
        host = Next(ref name);
        tag = Next(ref name);
        time = Next(ref name);
    }

    private static ReadOnlySpan<byte> Next(scoped ref ReadOnlySpan<byte> rest)
    {
        int blank = rest.IndexOf((byte)' ');
        var word = blank < 0 ? rest : rest[..blank];
        rest = blank < 0 ? default : rest[(blank + 1)..];
        return word.SequenceEqual("-"u8) ? default : word;
    }

    // What is cut is of no use to anybody; a blank, which would be the end of the word, is none.
    private static int Word(ReadOnlySpan<byte> word, Span<byte> target)
    {
        int length = Math.Min(word.Length, target.Length);
        word[..length].CopyTo(target);
        target[..length].Replace((byte)' ', (byte)'_');
        return length;
    }

    private static bool IsOther(ReadOnlySpan<byte> time, long arrivedUs)
    {
        if (time.IsEmpty || time.Length > LongestTime) return false;
        Span<char> text = stackalloc char[LongestTime];
        int length = Encoding.ASCII.GetChars(time, text);
        return DateTimeOffset.TryParse(text[..length], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var said)
            && (said - DateTimeOffset.UnixEpoch - TimeSpan.FromMicroseconds(arrivedUs)).Duration() >= s_sameTime;
    }
}
