namespace Dora.Namespace.Tests.Harness;

/// <summary>A small ext4 file system in a file of the host, to be mounted in a namespace and looked at afterwards.</summary>
sealed class Ext4Disk : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    public Ext4Disk()
    {
        try
        {
            using (var file = File.OpenWrite(Path)) file.SetLength(8 << 20);
            Programs.Run(s_limit, "mke2fs", "-q", "-t", "ext4", Path).Expect();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public string Path { get; } = System.IO.Path.GetTempFileName();

    /// <summary>What dumpe2fs(8) says of it.</summary>
    public string Superblock() => Programs.Run(s_limit, "dumpe2fs", "-h", Path).Expect();

    /// <summary>Mounts it on a new folder; the loop device is let go with what is returned.</summary>
    public IDisposable MountIn(InitInNamespace init, string folder)
    {
        var loop = new LoopDevice(Programs.Run(s_limit, "losetup", "-f", "--show", Path).Expect().Trim());
        try
        {
            init.Run($"mknod /dev/disk b 7 {loop.Name["/dev/loop".Length..]} && mkdir {folder} && mount -t ext4 /dev/disk {folder}").Expect();
            return loop;
        }
        catch
        {
            loop.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Delete(Path);

    sealed class LoopDevice(string name) : IDisposable
    {
        public string Name { get; } = name;

        public void Dispose() => Programs.Run(s_limit, "losetup", "-d", Name);
    }
}
