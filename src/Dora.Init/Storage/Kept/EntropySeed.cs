using Dora.Core.Linux;

namespace Dora.Init.Storage.Kept;

/// <summary>
/// Randomness for the next boot: what the kernel gives us at the end of this one is what it starts with. A seed is used
/// once: it is taken away, for good, before it is counted, so that two boots can never begin with the same one.
/// </summary>
internal static class EntropySeed
{
    private const int Bytes = 512;

    private static string PathIn(string folder) => folder + "/entropy-seed";

    public static void Take(string folder)
    {
        string path = PathIn(folder);
        if (Sys.ReadFile(path, out var seed, Bytes) != Errno.None || seed.Length != Bytes) return;
        if (Sys.Unlink(path) != Errno.None || SynchronizeFolder(folder) != Errno.None) return;
        if (Sys.Open("/dev/urandom", Libc.O_WRONLY, 0, out var random) != Errno.None) return;
        using (random)
        {
            var errno = Sys.AddEntropy(random, seed);
            if (errno != Errno.None) Log.Warn($"storage: entropy seed: {errno.Describe()}");
        }
    }

    /// <summary>For whoever ends the machine.</summary>
    public static Errno Save(string folder)
    {
        var seed = new byte[Bytes];
        Sys.Random(seed);
        string fresh = PathIn(folder) + ".new";
        var errno = Sys.Open(fresh, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_TRUNC | Libc.O_NOFOLLOW, 0x180, out var file);
        if (errno != Errno.None) return errno;
        using (file)
        {
            errno = Sys.WriteAllAt(file, seed, 0);
            if (errno == Errno.None) errno = Sys.Synchronize(file);
        }
        return errno == Errno.None ? Sys.Rename(fresh, PathIn(folder)) : errno;
    }

    private static Errno SynchronizeFolder(string path)
    {
        var errno = Sys.Open(path, Libc.O_RDONLY | Libc.O_DIRECTORY, 0, out var folder);
        if (errno != Errno.None) return errno;
        using (folder) return Sys.Synchronize(folder);
    }
}
