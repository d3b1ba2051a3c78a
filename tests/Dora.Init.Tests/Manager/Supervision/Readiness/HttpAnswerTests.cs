using System.Text;
using Dora.Init.Manager.Supervision.Readiness;
using Xunit;

namespace Dora.Init.Tests.Manager.Supervision.Readiness;

public class HttpAnswerTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\n", 200)]
    [InlineData("HTTP/1.0 404 Not Found\r\nX: y\r\n\r\nbody", 404)]
    [InlineData("HTTP/1.1 204\r\n", 204)]
    [InlineData("HTTP/1.1 500\n", 500)]
    public void The_status_is_found(string text, int expected)
    {
        Assert.True(HttpAnswer.TryReadStatus(Encoding.ASCII.GetBytes(text), isComplete: false, out int status, out string? fault));
        Assert.Equal((expected, (string?)null), (status, fault));
    }

    [Theory]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1  200 OK\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n")]
    [InlineData("HTTP/1.1200 OK\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("h")]
    public void Something_else_is_told(string text)
    {
        Assert.True(HttpAnswer.TryReadStatus(Encoding.ASCII.GetBytes(text), isComplete: false, out _, out string? fault));
        Assert.Equal("the answer is not http", fault);
    }

    [Fact]
    public void Each_beginning_waits_for_more_until_there_is_none()
    {
        byte[] whole = "HTTP/1.1 200 OK\r\n"u8.ToArray();
        for (int length = 0; length < 13; length++)
        {
            Assert.False(HttpAnswer.TryReadStatus(whole.AsSpan(0, length), isComplete: false, out _, out _));
            Assert.True(HttpAnswer.TryReadStatus(whole.AsSpan(0, length), isComplete: true, out _, out string? fault));
            Assert.Equal(length == 0 ? "no answer to http" : "the answer is not http", fault);
        }
    }

    [Fact]
    public void Any_bytes_are_read_without_harm()
    {
        var random = new Random(5);
        byte[] whole = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"u8.ToArray();
        for (int i = 0; i < 20_000; i++)
        {
            byte[] text = whole[..random.Next(whole.Length + 1)];
            for (int change = random.Next(3); change > 0 && text.Length > 0; change--) text[random.Next(text.Length)] = (byte)random.Next(256);
            if (HttpAnswer.TryReadStatus(text, random.Next(2) == 0, out int status, out string? fault) && fault is null) Assert.InRange(status, 0, 999);
        }
    }
}
