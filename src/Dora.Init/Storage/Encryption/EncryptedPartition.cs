using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Boot;
using Dora.Init.Modules;

namespace Dora.Init.Storage.Encryption;

/// <summary>
/// A LUKS2 container around a file system, by cryptsetup(8). Keys go to it through a pipe: they are in no argument and no file.
/// What makes guessing a passphrase dear (Argon2id) is set by us and not by a benchmark: a machine with little memory must be
/// able to open what another one has made, and a claim must take the same time every time.
/// </summary>
internal static class EncryptedPartition
{
    private const string Mapper = "/dev/mapper/";
    private const int WrongKey = 2; // cryptsetup(8), RETURN CODES: no permission (bad passphrase)
    private const int LargeMemory = 64 << 10, SmallMemory = 16 << 10; // KiB
    private static readonly string[] s_modules = ["aesni_intel", "dm_crypt", "xts", "algif_skcipher"];
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>RFC 9106 4: the second recommended option has 64 MiB and three passes; a fourth of the memory, and more passes, for small machines.</summary>
    private static string[] Cost()
    {
        bool isSmall = ImageCopied.Bytes(Sys.ReadText("/proc/meminfo") ?? "", "MemAvailable:") < (4L * LargeMemory) << 10;
        return ["--pbkdf", "argon2id", "--pbkdf-memory", $"{(isSmall ? SmallMemory : LargeMemory)}", "--pbkdf-force-iterations", isSmall ? "12" : "4", "--pbkdf-parallel", "1"];
    }

    /// <summary>Makes a container; what was on the device is lost. Null, or what failed.</summary>
    public static string? Format(string device, StorageKey key)
    {
        // --use-random: at boot there may be no randomness yet, and this key is for ever.
        var outcome = Run(["cryptsetup", "luksFormat", "-q", "--type", "luks2", "--use-random", "--sector-size", "4096", .. Cost(), "--key-file", "-", device], key);
        return outcome.Succeeded ? null : outcome.Describe("cryptsetup");
    }

    /// <summary>The device with what is inside; null, and why, where it cannot be opened.</summary>
    /// <param name="device">The container.</param>
    /// <param name="name">What the inside is called below /dev/mapper.</param>
    /// <param name="key">Its key.</param>
    /// <param name="isWrongKey">The key does not fit; another one may.</param>
    /// <param name="failure">What failed.</param>
    public static string? Open(string device, string name, StorageKey key, out bool isWrongKey, out string failure)
    {
        // Of a process that was killed in between.
        if (Sys.Exists(Mapper + name)) Close(name);
        var outcome = Run(["cryptsetup", "open", "--type", "luks2", "--key-file", "-", device, name], key);
        isWrongKey = outcome.Code == WrongKey;
        failure = outcome.Succeeded ? "" : isWrongKey ? "the key does not fit" : outcome.Describe("cryptsetup");
        return outcome.Succeeded ? Mapper + name : null;
    }

    public static void Close(string name)
    {
        var outcome = ChildProgram.Run(["cryptsetup", "close", name], s_limit);
        if (!outcome.Succeeded) Log.Warn($"storage: close {name}: {outcome.Describe("cryptsetup")}");
    }

    /// <summary>What the inside of a storage's container is called.</summary>
    public static string NameOf(Guid storage) => $"pandora-{storage}";

    private static ChildProgram.Outcome Run(string[] command, StorageKey key)
    {
        if (!Sys.Exists("/sys/module/dm_crypt")) LoadModules();
        using var input = key.ToPipe();
        return ChildProgram.Run(command, s_limit, input);
    }

    // What is built in or missing is no failure here: cryptsetup says so. By the processor first, where it can.
    private static void LoadModules()
    {
        var modules = new ModuleLoader(ModuleDirectory.OfThisKernel(), KernelCommandLine.Read()) { Warn = Log.Debug };
        foreach (string module in s_modules) modules.Load(module, "storage");
    }
}
