using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Dora.Init.Manager.Shutdown;

/// <summary>Whether a file can be PID 1, by its first bytes (elf(5)): a static executable for this processor.</summary>
internal static class ExecutableCheck
{
    private const int HeaderSize = 64, ProgramHeaderSize = 56;
    private const int TypeExecutable = 2, TypeShared = 3; // ET_EXEC, ET_DYN: a static executable may be either
    private const int Interpreter = 3; // PT_INTERP
    private const int X64 = 62, Arm64 = 183; // EM_X86_64, EM_AARCH64

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Problem(ReadOnlySpan<byte> start) =>
        Problem(start, RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? Arm64 : X64);

    internal static string? Problem(ReadOnlySpan<byte> start, int machine)
    {
        if (start.Length < HeaderSize || !start.StartsWith("\u007fELF"u8)) return "it is no executable (ELF)";
        if (start[4] != 2 || start[5] != 1) return "it is not for 64 bits, little endian";
        if (BinaryPrimitives.ReadUInt16LittleEndian(start[18..]) != machine) return "it is for another processor";
        if (BinaryPrimitives.ReadUInt16LittleEndian(start[16..]) is not (TypeExecutable or TypeShared)) return "it is an object file, not an executable";
        ulong offset = BinaryPrimitives.ReadUInt64LittleEndian(start[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(start[54..]), count = BinaryPrimitives.ReadUInt16LittleEndian(start[56..]);
        if (count == 0 || size != ProgramHeaderSize || offset > (ulong)start.Length || (ulong)start.Length - offset < (ulong)(count * size))
            return "its program headers are not where they should be";
        for (int i = 0; i < count; i++)
            if (BinaryPrimitives.ReadInt32LittleEndian(start[((int)offset + i * size)..]) == Interpreter) return "it is not static: it needs a loader";
        return null;
    }
}
