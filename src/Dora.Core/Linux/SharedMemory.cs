namespace Dora.Core.Linux;

/// <summary>Memory that other processes have too: a memory file (memfd) mapped for reading and writing, or a block of no file. It lasts until disposed.</summary>
internal sealed unsafe class SharedMemory : IDisposable
{
    private SharedMemory(byte* pointer, int length)
    {
        Pointer = pointer;
        Length = length;
    }

    public byte* Pointer { get; private set; }

    public int Length { get; }

    /// <summary>Maps <paramref name="length"/> bytes of <paramref name="file"/>, which is made that long first (it never shrinks).</summary>
    public static Errno Map(FileDescriptor file, int length, out SharedMemory? memory)
    {
        memory = null;
        Libc.stat_t status;
        if (Libc.fstat(file.Number, &status) < 0) return Libc.errno;
        // Beyond the end of the file lies SIGBUS.
        if (status.st_size < length && Libc.ftruncate(file.Number, length) < 0) return Libc.errno;
        void* pointer = Libc.mmap(null, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED, file.Number, 0);
        if ((nint)pointer == -1) return Libc.errno;
        memory = new SharedMemory((byte*)pointer, length);
        return Errno.None;
    }

    /// <summary>Memory of no file, shared with the processes that are forked from this one; null if there is none.</summary>
    public static SharedMemory? Allocate(int length)
    {
        void* pointer = Libc.mmap(null, (nuint)length, Libc.PROT_READ | Libc.PROT_WRITE, Libc.MAP_SHARED | Libc.MAP_ANONYMOUS, -1, 0);
        return (nint)pointer == -1 ? null : new SharedMemory((byte*)pointer, length);
    }

    public void Dispose()
    {
        if (Pointer != null) _ = Libc.munmap(Pointer, (nuint)Length);
        Pointer = null;
    }
}
