using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Storage.Disks;

namespace Dora.Init.Storage.Encryption;

/// <summary>
/// The key of an encrypted storage, for as long as one process needs it: read from another device, or typed on a console. It
/// is overwritten when it is disposed of, is never logged, and leaves the process through pipes to cryptsetup(8) alone.
/// </summary>
/// <param name="name">Where it comes from; null: nothing is said, so somebody has to type it.</param>
/// <param name="limit">How long a device may take to appear.</param>
/// <param name="wait">Told how many seconds a person may need; null: nobody sits at a console, what must be typed is refused.</param>
internal sealed class StorageKey(StorageKeyName? name, TimeSpan limit, Action<int>? wait) : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private const int ShortestNew = 8;

    private byte[] _bytes = [];

    public bool IsTyped => name is not { IsConsole: false };

    /// <summary>The key of a container that is going to be made. Null when it is there, or why not.</summary>
    public string? Choose(Disk disk)
    {
        if (_bytes.Length > 0) return null;
        if (!IsTyped) return ReadFile();
        using var consoles = Consoles(out string? failure);
        if (consoles is null) return failure;
        consoles.Say($"storage: {disk.Describe()} is empty and becomes this machine's storage, encrypted.\n");
        while (true)
        {
            failure = consoles.Ask("Choose a passphrase (nothing: go on without storage): ", out var first);
            if (failure is not null) return failure;
            if (first.Length < ShortestNew)
            {
                consoles.Say($"It needs {ShortestNew} characters at least. ");
                continue;
            }
            failure = consoles.Ask("The same again: ", out var second);
            bool isSame = first.AsSpan().SequenceEqual(second);
            Array.Clear(second);
            if (failure is null && isSame)
            {
                _bytes = first;
                return null;
            }
            Array.Clear(first);
            if (failure is not null) return failure;
            consoles.Say("They differ. ");
        }
    }

    /// <summary>Opens a container, asking again while the passphrase is wrong. The device with what is inside; null, and why.</summary>
    public string? Open(Disk disk, string device, string inside, out string failure)
    {
        bool isWrong;
        if (_bytes.Length > 0) return EncryptedPartition.Open(device, inside, this, out isWrong, out failure);
        if (!IsTyped)
        {
            failure = ReadFile() ?? "";
            return failure.Length > 0 ? null : EncryptedPartition.Open(device, inside, this, out isWrong, out failure) ?? Wrong(isWrong, ref failure);
        }
        using var consoles = Consoles(out string? refusal);
        failure = refusal ?? "";
        if (consoles is null) return null;
        consoles.Say($"storage: {disk.Describe()} is encrypted.\n");
        while (true)
        {
            if (consoles.Ask("Passphrase (nothing: go on without storage): ", out var typed) is { } none)
            {
                failure = none;
                return null;
            }
            _bytes = typed;
            if (EncryptedPartition.Open(device, inside, this, out isWrong, out failure) is { } opened) return opened;
            Dispose();
            if (!isWrong) return null;
            consoles.Say("That is not its passphrase. ");
        }
    }

    /// <summary>A pipe from which the key can be read, and then its end.</summary>
    public FileDescriptor ToPipe()
    {
        Sys.Pipe(out var readEnd, out var writeEnd, Libc.O_CLOEXEC | Libc.O_NONBLOCK).ThrowIfError("pipe");
        using (writeEnd)
        {
            // A key is shorter than a pipe is long (KeyFile.Longest), so this is all or nothing.
            var errno = Sys.Write(writeEnd, _bytes, out _);
            if (errno == Errno.None) errno = Sys.SetBlocking(readEnd);
            if (errno == Errno.None) return readEnd;
            readEnd.Dispose();
            throw new LinuxException(errno, "write", "the key to a pipe");
        }
    }

    public void Dispose()
    {
        Array.Clear(_bytes);
        _bytes = [];
    }

    private string? Wrong(bool isWrong, ref string failure)
    {
        if (isWrong) failure = $"the key in {name} does not fit";
        return null;
    }

    private string? ReadFile() => KeyFile.Read(name!, limit, out _bytes);

    private ConsolePrompt? Consoles(out string? failure)
    {
        failure = wait is null ? "its passphrase is asked for on the console, at boot: reboot" : null;
        if (wait is null) return null;
        var consoles = ConsolePrompt.Open(Sys.TimeSinceBoot() + Patience);
        if (consoles is null) failure = "its passphrase has to be typed, and there is no console";
        else wait((int)Patience.TotalSeconds + 60);
        return consoles;
    }
}
