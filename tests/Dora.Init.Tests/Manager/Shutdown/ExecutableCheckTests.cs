using System.Buffers.Binary;
using Dora.Init.Manager.Shutdown;
using Xunit;

namespace Dora.Init.Tests.Manager.Shutdown;

public class ExecutableCheckTests
{
    private const int X64 = 62;

    private static byte[] Elf(Action<byte[]>? change = null)
    {
        var bytes = new byte[64 + 2 * 56];
        "\u007fELF"u8.CopyTo(bytes);
        bytes[4] = 2;
        bytes[5] = 1;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(16), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(18), X64);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(32), 64);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(54), 56);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(56), 2);
        bytes[64] = 1; // PT_LOAD
        bytes[64 + 56] = 4; // PT_NOTE
        change?.Invoke(bytes);
        return bytes;
    }

    [Fact]
    public void A_static_executable_is_fine() => Assert.Null(ExecutableCheck.Problem(Elf(), X64));

    [Fact]
    public void Each_mistake_has_its_words()
    {
        Assert.Contains("no executable", ExecutableCheck.Problem("#!/bin/sh\n"u8, X64));
        Assert.Contains("no executable", ExecutableCheck.Problem(Elf(b => b[0] = 1), X64));
        Assert.Contains("64 bits", ExecutableCheck.Problem(Elf(b => b[4] = 1), X64));
        Assert.Contains("another processor", ExecutableCheck.Problem(Elf(), 183));
        Assert.Contains("object file", ExecutableCheck.Problem(Elf(b => b[16] = 1), X64));
        Assert.Contains("not static", ExecutableCheck.Problem(Elf(b => b[64 + 56] = 3), X64));
        Assert.Contains("program headers", ExecutableCheck.Problem(Elf(b => b[57] = 255), X64));
    }

    [Fact]
    public void Any_bytes_are_read_without_harm()
    {
        var random = new Random(1);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = Elf();
            for (int j = random.Next(1, 6); j > 0; j--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            _ = ExecutableCheck.Problem(bytes.AsSpan(0, random.Next(bytes.Length + 1)), X64);
        }
    }
}
