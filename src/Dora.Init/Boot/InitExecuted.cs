using Dora.Core.Linux;

namespace Dora.Init.Boot;

/// <summary>The guard runs in our place. Returns never: either it is not us any more, or it throws.</summary>
internal static class InitExecuted
{
    public static void Run()
    {
        // The console of the initramfs is a node of a file system that is gone.
        for (int number = 0; number <= 2; number++)
            if (Sys.OpenAs(number, "/dev/console", Libc.O_RDWR) != Errno.None) _ = Sys.OpenAs(number, "/dev/null", Libc.O_RDWR);
        var errno = Sys.Execute(BootPaths.Init, [BootPaths.Init], ["HOME=/", "TERM=linux", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]);
        throw new BootFailure($"boot: execute {BootPaths.Init} of the root image: {errno.Describe()}",
            errno == Errno.ENOENT ? "boot: it is there, so its interpreter or dynamic linker is what is missing" : "");
    }
}
