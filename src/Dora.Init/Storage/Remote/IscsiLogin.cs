using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Dora.Core.Configuration;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Remote;

/// <summary>
/// The login of a session of iSCSI (RFC 7143, 6.3 and 11.12): who we are, which target is wanted, perhaps CHAP, and the sizes
/// that both sides agree on. A function of what the server says, without a connection.
///
///   security     names, AuthMethod; CHAP_A, then CHAP_N and CHAP_R for CHAP_I and CHAP_C   until the server goes on
///   operational  the table of parameters                                                    until the server goes on: done
/// </summary>
/// <param name="target">Its name.</param>
/// <param name="initiator">Our name.</param>
/// <param name="session">Six bytes by which the server knows this session again: a second login with them takes the place of the first.</param>
/// <param name="user">For CHAP; null: none.</param>
/// <param name="secret">For CHAP.</param>
internal sealed class IscsiLogin(string target, string initiator, ulong session, string? user, string? secret)
{
    public const int HeadBytes = 48;

    private const byte LoginRequest = 0x43, LoginAnswer = 0x23; // the request is immediate
    private const byte GoOn = 0x80, ThereIsMore = 0x40, Security = 0, Operational = 1, FullFeature = 3;
    private const int MostRounds = 16, LongestText = 32 << 10;

    // What the kernel calls it (enum iscsi_param of scsi/iscsi_if.h; - for nothing), the key, what we offer, what holds where
    // the server does not say. MaxRecvDataSegmentLength is not agreed on: the server's is what we may send.
    private static readonly string[] s_keys =
    [
        "2 HeaderDigest None 0", "3 DataDigest None 0", "4 InitialR2T No 1", "5 MaxOutstandingR2T 1 1", "6 ImmediateData Yes 1", "7 FirstBurstLength 262144 65536",
        "8 MaxBurstLength 1048576 262144", "9 DataPDUInOrder Yes 1", "10 DataSequenceInOrder Yes 1", "11 ErrorRecoveryLevel 0 0", "1 MaxRecvDataSegmentLength 262144 8192",
        "- MaxConnections 1", "- DefaultTime2Wait 2", "- DefaultTime2Retain 0",
    ];

    private string _heard = "\0";
    private int _stage, _rounds;
    private uint _status;
    private bool _hasAnswered;

    /// <summary>Why it has failed.</summary>
    public string? Problem { get; private set; }

    /// <summary>The number of the server's answers, where the session goes on.</summary>
    public uint ExpectedStatus => _status;

    public byte[] First()
    {
        string text = "InitiatorName=" + initiator + "\0TargetName=" + target + "\0SessionType=Normal\0AuthMethod=" + (user is null ? "None\0" : "CHAP,None\0");
        return Request(text, goOn: user is null);
    }

    /// <summary>What is to be said next; null at the end, which is a good one if there is no <see cref="Problem"/>.</summary>
    public byte[]? Next(ReadOnlySpan<byte> answer)
    {
        if (answer.Length < HeadBytes || (answer[0] & 0x3F) != LoginAnswer) return Fail("what answers is not a server of iSCSI");
        int length = answer[5] << 16 | answer[6] << 8 | answer[7];
        if (length > answer.Length - HeadBytes || _heard.Length + length > LongestText) return Fail("the server's answer is not one");
        _heard += Encoding.Latin1.GetString(answer.Slice(HeadBytes, length));
        if (!_heard.EndsWith('\0') && (answer[1] & ThereIsMore) == 0) _heard += "\0";
        if (answer[36] != 0) return Fail(Refused(answer[36], answer[37]));
        _status = BinaryPrimitives.ReadUInt32BigEndian(answer[24..]) + 1;
        if (++_rounds > MostRounds) return Fail("the login has no end");
        if ((answer[1] & ThereIsMore) != 0) return Request("", goOn: false);
        if ((answer[1] & GoOn) == 0) return _stage == Security ? Authenticate() : Request("", goOn: true);
        if (_stage == Operational) return null;
        // A target must not skip what it asked for itself; whether it proves who it is was not asked.
        _stage = Operational;
        string keys = "";
        foreach (string line in s_keys)
        {
            string[] words = line.Split(' ');
            keys += words[1] + "=" + words[2] + "\0";
        }
        return Request(keys, goOn: true);
    }

    /// <summary>What was agreed on: numbers and values as the kernel takes them.</summary>
    public void Settle(Action<int, string> set)
    {
        foreach (string line in s_keys)
        {
            string[] words = line.Split(' ');
            if (words[0] == "-") continue;
            string? said = Heard(words[1]);
            string value = said is "Yes" ? "1" : said is "No" or "None" ? "0" : Number(said) >= 0 ? said! : words[3];
            set(Number(words[0]), value);
        }
        set(0, "262144"); // what we take
    }

    // Up to 2^24 - 1, which is the most that any key may have; -1: it is not a number.
    private static int Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < 1 << 24 ? number : -1;

    private byte[]? Authenticate()
    {
        switch (Heard("AuthMethod"))
        {
            case null or "None": return Request("", goOn: true);
            case not "CHAP": return Fail($"the server wants a login of the kind '{Printable.Text(Heard("AuthMethod")!, 40)}'; there is CHAP only");
        }
        if (user is null) return Fail(Refused(2, 1));
        if (Heard("CHAP_A") is not { } algorithm) return Request("CHAP_A=5\0", goOn: false);
        if (_hasAnswered) return Request("", goOn: true);
        byte[] challenge = Bytes(Heard("CHAP_C") ?? "");
        if (algorithm != "5" || Number(Heard("CHAP_I")) is not (>= 0 and <= 255 and var id) || challenge.Length == 0)
            return Fail("the server's challenge of CHAP is not one of MD5");
        _hasAnswered = true;
        string response = Convert.ToHexString(Md5.Of([(byte)id, .. Encoding.UTF8.GetBytes(secret ?? ""), .. challenge]));
        return Request("CHAP_N=" + user + "\0CHAP_R=0x" + response + "\0", goOn: true);
    }

    /// <summary>RFC 7143, 6.1: 0x and digits, or 0b and base64; empty where it is neither.</summary>
    internal static byte[] Bytes(string text)
    {
        var bytes = new byte[Math.Min(text.Length, 4096)];
        int count = 0;
        if (text.StartsWith("0b", StringComparison.OrdinalIgnoreCase)) return Convert.TryFromBase64Chars(text.AsSpan(2), bytes, out count) ? bytes[..count] : [];
        if (!text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || text.Length % 2 != 0) return [];
        for (int i = 2; i < text.Length && count < bytes.Length; i += 2)
        {
            if (!SystemText.TryDigits(text.AsSpan(i, 2), 16, out long value)) return [];
            bytes[count++] = (byte)value;
        }
        return bytes[..count];
    }

    private string? Heard(string key)
    {
        int at = _heard.IndexOf("\0" + key + "=", StringComparison.Ordinal);
        if (at < 0) return null;
        at += key.Length + 2;
        int end = _heard.IndexOf('\0', at);
        return end < 0 ? _heard[at..] : _heard[at..end]; // a text that was to be continued, and was refused
    }

    private byte[] Request(string text, bool goOn)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        var request = new byte[HeadBytes + length];
        request[0] = LoginRequest;
        request[1] = (byte)(_stage << 2 | (goOn ? GoOn | (_stage == Security ? Operational : FullFeature) : 0));
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(4), length); // three bytes behind a zero
        // The upper bits of the first of the six bytes say that the rest is no manufacturer's number.
        BinaryPrimitives.WriteUInt64BigEndian(request.AsSpan(8), (session & 0xFFFFFFFFFF) << 16 | 0x80UL << 56);
        BinaryPrimitives.WriteUInt32BigEndian(request.AsSpan(28), _status);
        Encoding.UTF8.GetBytes(text, request.AsSpan(HeadBytes));
        return request;
    }

    private byte[]? Fail(string problem)
    {
        Problem = problem;
        return null;
    }

    private string Refused(byte kind, byte detail) => (kind, detail) switch
    {
        (1, _) => "the target has moved to " + Printable.Text(Heard("TargetAddress") ?? "another server", 100) + ": name that server",
        (2, 1) => user is null ? "the server wants a user and a secret: they go into " + IscsiSecrets.Path
            : "the server does not accept the user '" + Printable.Text(user) + "' with the secret of " + IscsiSecrets.Path,
        (2, 2) => "the server does not give the target to this machine: allow " + initiator + " there",
        (2, 3 or 4) => "the server has no such target, or none for " + initiator,
        (3, _) => $"the server cannot give the target at the moment (3.{detail})",
        _ => $"the server refuses the login ({kind}.{detail})",
    };
}
