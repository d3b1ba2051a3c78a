using System.Buffers.Binary;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Storage.Remote;
using Dora.Tests.Harness;
using Xunit;

#pragma warning disable CA5351 // CHAP is made of MD5

namespace Dora.Init.Tests.Storage.Remote;

public class IscsiLoginTests
{
    const byte GoOn = 0x80, More = 0x40;
    const string ToOperational = "AuthMethod=None\0";

    static readonly Dictionary<int, string> s_usual = new()
    {
        [0] = "262144", [1] = "8192", [2] = "0", [3] = "0", [4] = "1", [5] = "1", [6] = "1", [7] = "65536", [8] = "262144", [9] = "1", [10] = "1", [11] = "0",
    };

    static IscsiLogin Login(string? user = null, string? secret = null) => new("iqn.2026-11.org.example:disk", "iqn.2026-11.arpa.home:pandora.x", 0x1122334455667788, user, secret);

    static byte[] Answer(byte flags, string text, byte kind = 0, byte detail = 0, uint status = 7)
    {
        byte[] answer = [.. new byte[48], .. Encoding.Latin1.GetBytes(text)];
        answer[0] = 0x23;
        answer[1] = flags;
        BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(4), text.Length);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(24), status);
        (answer[36], answer[37]) = (kind, detail);
        return answer;
    }

    static (byte Flags, string Text) Read(byte[]? request)
    {
        Assert.NotNull(request);
        Assert.Equal((0x43, request.Length - 48), (request[0], BinaryPrimitives.ReadInt32BigEndian(request.AsSpan(4))));
        return (request[1], Encoding.Latin1.GetString(request.AsSpan(48)));
    }

    static Dictionary<int, string> Settled(IscsiLogin login)
    {
        var settled = new Dictionary<int, string>();
        login.Settle(settled.Add);
        return settled;
    }

    [Fact]
    public void Without_a_user_it_takes_two_steps()
    {
        var login = Login();
        byte[] first = login.First();
        Assert.Equal((0x81, "InitiatorName=iqn.2026-11.arpa.home:pandora.x\0TargetName=iqn.2026-11.org.example:disk\0SessionType=Normal\0AuthMethod=None\0"), Read(first));
        Assert.Equal([0x80, 0x44, 0x55, 0x66, 0x77, 0x88, 0, 0], first[8..16]);
        byte[]? second = login.Next(Answer(0x81, "TargetPortalGroupTag=1\0AuthMethod=None\0"));
        var (flags, text) = Read(second);
        Assert.Equal(0x87, flags);
        Assert.StartsWith("HeaderDigest=None\0DataDigest=None\0InitialR2T=No\0", text);
        Assert.Equal(8u, BinaryPrimitives.ReadUInt32BigEndian(second.AsSpan(28)));
        Assert.Null(login.Next(Answer(0x87, "InitialR2T=Yes\0ImmediateData=No\0FirstBurstLength=512\0MaxBurstLength=99999999999\0MaxRecvDataSegmentLength=4096\0DataPDUInOrder=Irrelevant\0", status: 41)));
        Assert.Null(login.Problem);
        Assert.Equal(42u, login.ExpectedStatus);
        Assert.Equal(new Dictionary<int, string>(s_usual) { [1] = "4096", [6] = "0", [7] = "512" }, Settled(login));
    }

    [Fact]
    public void A_text_that_ends_early_with_a_refusal_is_only_a_refusal()
    {
        var login = Login();
        login.First();
        Assert.Null(login.Next(Answer(More, "TargetAddress=10.0.0.9:32", kind: 1, detail: 1)));
        Assert.Equal("the target has moved to 10.0.0.9:32: name that server", login.Problem);
    }

    [Fact]
    public void What_a_server_does_not_say_is_as_usual()
    {
        var login = Login();
        login.First();
        login.Next(Answer(0x81, ""));
        Assert.Null(login.Next(Answer(0x87, "")));
        Assert.Equal((null, true), (login.Problem, s_usual.OrderBy(pair => pair.Key).SequenceEqual(Settled(login).OrderBy(pair => pair.Key))));
    }

    [Fact]
    public void Text_that_comes_in_parts_is_put_together_and_a_server_that_hesitates_is_asked_again()
    {
        var login = Login();
        login.First();
        Assert.Equal((0, ""), Read(login.Next(Answer(More, "AuthMe"))));
        Assert.Equal((0x81, ""), Read(login.Next(Answer(0, "thod=None\0"))));
        Assert.Equal(0x87, Read(login.Next(Answer(0x81, ""))).Flags);
        Assert.Equal((0x04, ""), Read(login.Next(Answer(More | 4, "MaxRecvDataSegmentLength=1"))));
        Assert.Equal((0x87, ""), Read(login.Next(Answer(4, "6384"))));
        Assert.Null(login.Next(Answer(0x87, "")));
        Assert.Equal("16384", Settled(login)[1]);
    }

    [Theory]
    [InlineData("0xc0ffee", "c0ffee")]
    [InlineData("0bwP/u", "c0ffee")]
    public void A_challenge_is_answered(string challenge, string bytes)
    {
        var login = Login("anna", "a-secret-of-hers");
        Assert.Equal(0x00, Read(login.First()).Flags);
        Assert.Equal((0x00, "CHAP_A=5\0"), Read(login.Next(Answer(0, "AuthMethod=CHAP\0"))));
        byte[] expected = System.Security.Cryptography.MD5.HashData([200, .. "a-secret-of-hers"u8, .. Convert.FromHexString(bytes)]);
        Assert.Equal((0x81, $"CHAP_N=anna\0CHAP_R=0x{Convert.ToHexString(expected)}\0"), Read(login.Next(Answer(0, $"CHAP_A=5\0CHAP_I=200\0CHAP_C={challenge}\0"))));
        Assert.Equal(0x87, Read(login.Next(Answer(0x81, ""))).Flags);
        Assert.Null(login.Next(Answer(0x87, "")));
        Assert.Null(login.Problem);
    }

    [Fact]
    public void A_server_that_wants_no_user_gets_none()
    {
        var login = Login("anna", "a-secret-of-hers");
        login.First();
        Assert.Equal((0x81, ""), Read(login.Next(Answer(0, ToOperational))));
    }

    [Theory]
    [InlineData(false, 2, 1, "the server wants a user and a secret: they go into /etc/dora/iscsi-secrets")]
    [InlineData(true, 2, 1, "the server does not accept the user 'anna'")]
    [InlineData(false, 2, 2, "allow iqn.2026-11.arpa.home:pandora.x there")]
    [InlineData(false, 2, 3, "the server has no such target, or none for iqn.2026-11.arpa.home:pandora.x")]
    [InlineData(false, 1, 1, "the target has moved to 10.0.0.9:3260,1: name that server")]
    [InlineData(false, 3, 1, "the server cannot give the target at the moment (3.1)")]
    [InlineData(false, 2, 7, "the server refuses the login (2.7)")]
    public void What_a_server_refuses_is_said(bool hasUser, byte kind, byte detail, string expected)
    {
        var login = hasUser ? Login("anna", "x") : Login();
        login.First();
        Assert.Null(login.Next(Answer(0, "TargetAddress=10.0.0.9:3260,1\0", kind, detail)));
        Assert.Contains(expected, login.Problem);
    }

    [Theory]
    [InlineData("AuthMethod=KRB5\0", "of the kind 'KRB5'; there is CHAP only")]
    [InlineData("AuthMethod=CHAP\0CHAP_A=7\0CHAP_I=1\0CHAP_C=0x00\0", "is not one of MD5")]
    [InlineData("AuthMethod=CHAP\0CHAP_A=5\0CHAP_I=256\0CHAP_C=0x00\0", "is not one of MD5")]
    [InlineData("AuthMethod=CHAP\0CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0g\0", "is not one of MD5")]
    [InlineData("AuthMethod=CHAP\0CHAP_A=5\0CHAP_I=1\0CHAP_C=0b=\0", "is not one of MD5")]
    [InlineData("AuthMethod=CHAP\0CHAP_A=5\0CHAP_I=1\0", "is not one of MD5")]
    public void A_login_of_another_kind_is_refused_by_us(string text, string expected)
    {
        var login = Login("anna", "x");
        login.First();
        Assert.Null(login.Next(Answer(0, text)));
        Assert.Contains(expected, login.Problem);
    }

    [Fact]
    public void A_login_that_wants_a_user_without_refusing_is_told_the_same()
    {
        var login = Login();
        login.First();
        Assert.Null(login.Next(Answer(0, "AuthMethod=CHAP\0")));
        Assert.Contains("wants a user", login.Problem);
    }

    [Fact]
    public void What_is_no_answer_and_what_has_no_end_is_refused()
    {
        var other = Login();
        other.First();
        Assert.Null(other.Next("SSH-2.0-OpenSSH_9.2p1"u8));
        Assert.Equal("what answers is not a server of iSCSI", other.Problem);
        var longer = Login();
        longer.First();
        byte[] cut = Answer(0x81, "AuthMethod=None\0");
        Assert.Null(longer.Next(cut.AsSpan(..^1)));
        Assert.Equal("the server's answer is not one", longer.Problem);
        var endless = Login();
        endless.First();
        while (endless.Next(Answer(0, ToOperational)) is not null) { }
        Assert.Equal("the login has no end", endless.Problem);
    }

    [Fact]
    public void Noise_ends()
    {
        var random = new Random(2611);
        byte[][] good = [Answer(0, "AuthMethod=CHAP\0"), Answer(0, "CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0123\0"), Answer(0x81, "TargetAlias=x\0"), Answer(0x87, "MaxBurstLength=4096\0InitialR2T=Yes\0")];
        int good1 = 0;
        for (int round = 0; round < Fuzz.Rounds(20_000); round++)
        {
            var login = random.Next(2) == 0 ? Login("anna", "x") : Login();
            byte[]? request = login.First();
            for (int step = 0; request is not null; step++)
            {
                Assert.True(step < 40);
                byte[] answer = [.. good[Math.Min(step, 3)]];
                if (random.Next(3) == 0) answer = answer[..random.Next(answer.Length + 1)];
                for (int i = random.Next(-4, 3); i > 0 && answer.Length > 0; i--) answer[random.Next(answer.Length)] = (byte)random.Next(256);
                request = login.Next(answer);
            }
            if (login.Problem is not null) continue;
            good1++;
            foreach (string value in Settled(login).Values) Assert.InRange(int.Parse(value), 0, (1 << 24) - 1);
        }
        Assert.True(good1 > 100);
    }

    [Fact]
    public void The_sum_is_that_of_the_runtime()
    {
        var random = new Random(5);
        for (int length = 0; length < 300; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.Equal(System.Security.Cryptography.MD5.HashData(bytes), Md5.Of(bytes));
        }
    }

    [Theory]
    [InlineData("iqn.a user secret", "user", "secret")]
    [InlineData("# a remark\niqn.b other one\n*  user\tsecret\r\n", "user", "secret")]
    [InlineData("* user secret\niqn.a later one", "user", "secret")]
    [InlineData("iqn.a user", null, null)]
    [InlineData("iqn.aa user secret", null, null)]
    [InlineData("", null, null)]
    public void The_first_line_that_fits_has_the_secret(string text, string? user, string? secret)
    {
        IscsiSecrets.In(text, "iqn.a", out string? foundUser, out string? foundSecret);
        Assert.Equal((user, secret), (foundUser, foundSecret));
    }

    [Fact]
    public void Secrets_that_others_can_read_are_not_used()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "* user secret\n");
            Sys.ChangeMode(path, 0x1A0).ThrowIfError("chmod");
            Assert.Contains("others than root can read it: chmod 600", IscsiSecrets.Find("iqn.a", out string? user, out _, path));
            Assert.Null(user);
            Sys.ChangeMode(path, 0x180).ThrowIfError("chmod");
            Assert.Null(IscsiSecrets.Find("iqn.a", out user, out _, path));
            Assert.Equal("user", user);
            Assert.Null(IscsiSecrets.Find("iqn.a", out user, out _, path + ".none"));
            Assert.Null(user);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
