using System.Text;
using Dora.Core.Configuration;
using Dora.Core.Linux;
using Dora.Init.Modules;
using Xunit;

namespace Dora.Init.Tests.Modules;

public sealed class ModuleLoaderTests : IDisposable
{
    private readonly ModuleFolder _folder = new ModuleFolder()
        .With("modules.dep", "kernel/a.ko: kernel/b.ko kernel/c.ko\nkernel/b.ko: kernel/c.ko\nkernel/c.ko:\nkernel/dash-ed.ko.zst:\nkernel/pre.ko:\nkernel/post.ko:\n")
        .With("modules.alias", "# comment\nalias pci:v1* a\nalias pci:v1d2 dash_ed\nalias usb:with blank* b\nalias broken\n")
        .With("modules.softdep", "# comment\nsoftdep c pre: pre post: post nowhere\n")
        .With("modules.builtin", "kernel/fs/ext4/ext4.ko\n");

    private readonly List<string> _inserted = [];
    private readonly List<string> _warnings = [];
    private readonly Dictionary<string, Errno> _outcomes = [];

    public void Dispose() => _folder.Dispose();

    private ModuleLoader Loader(string commandLine = "") => new(_folder.Modules, KernelCommandLine.Parse(commandLine))
    {
        Insert = (path, parameters) =>
        {
            _inserted.Add(parameters.Length == 0 ? path : $"{path} {parameters}");
            return _outcomes.GetValueOrDefault(path);
        },
        Warn = _warnings.Add,
    };

    [Fact]
    public void Dependencies_go_first_and_each_file_goes_once()
    {
        var loader = Loader();
        Assert.True(loader.Load("a", "test"));
        Assert.True(loader.Load("b", "test"));
        Assert.True(loader.Load("a", "test"));
        Assert.Equal(["kernel/pre.ko", "kernel/c.ko", "kernel/b.ko", "kernel/a.ko", "kernel/post.ko"], _inserted);
        Assert.Equal(5, loader.Loaded);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Soft_dependencies_go_around_and_a_missing_one_is_not_missed()
    {
        Assert.True(Loader().Load("c", "test"));
        Assert.Equal(["kernel/pre.ko", "kernel/c.ko", "kernel/post.ko"], _inserted);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Hyphen_and_underscore_are_one()
    {
        Assert.True(Loader("dash_ed.speed=9").Load("dash-ed", "test"));
        Assert.Equal(["kernel/dash-ed.ko.zst speed=9"], _inserted);
    }

    [Fact]
    public void Loaded_already_is_loaded()
    {
        _outcomes["kernel/b.ko"] = Errno.EEXIST;
        Assert.True(Loader().Load("a", "test"));
    }

    [Fact]
    public void Built_in_is_loaded()
    {
        Assert.True(Loader().Load("ext4", "test"));
        Assert.Empty(_inserted);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void A_missing_module_names_who_wanted_it()
    {
        Assert.False(Loader().Load("nowhere", "the root image /x"));
        Assert.Contains("nowhere: not in", Assert.Single(_warnings));
        Assert.Contains("wanted by the root image /x", _warnings[0]);
    }

    [Fact]
    public void Modules_of_another_kernel_are_called_that()
    {
        var loader = new ModuleLoader(new ModuleDirectory("/nonexistent/6.9"), KernelCommandLine.Parse("")) { Warn = _warnings.Add };
        Assert.False(loader.Load("loop", "test"));
        Assert.Contains("another kernel", Assert.Single(_warnings));
    }

    [Fact]
    public void A_failing_dependency_fails_the_module_and_is_not_tried_again()
    {
        _outcomes["kernel/c.ko"] = Errno.ENOEXEC;
        var loader = Loader();
        Assert.False(loader.Load("a", "test"));
        Assert.False(loader.Load("b", "test"));
        Assert.Equal(["kernel/pre.ko", "kernel/c.ko", "kernel/post.ko"], _inserted);
        Assert.Contains("built for another kernel", Assert.Single(_warnings));
    }

    [Fact]
    public void A_kernel_that_cannot_unpack_is_named()
    {
        _outcomes["kernel/dash-ed.ko.zst"] = Errno.EOPNOTSUPP;
        Assert.False(Loader().Load("dash_ed", "test"));
        Assert.Contains("CONFIG_MODULE_DECOMPRESS", Assert.Single(_warnings));
    }

    [Fact]
    public void Devices_get_every_driver_that_says_so()
    {
        Assert.Equal(6, Loader().LoadForDevices([Encoding.ASCII.GetBytes("pci:v1d2")])); // a with b, c, pre and post; dash-ed
        Assert.Contains("kernel/dash-ed.ko.zst", _inserted);
    }

    [Fact]
    public void A_pattern_may_hold_blanks()
    {
        Loader().LoadForDevices([Encoding.ASCII.GetBytes("usb:with blanks")]);
        Assert.Contains("kernel/b.ko", _inserted);
    }

    [Fact]
    public void The_blacklist_holds_for_devices_and_not_for_names()
    {
        var loader = Loader("modprobe.blacklist=dash-ed,a");
        Assert.Equal(0, loader.LoadForDevices([Encoding.ASCII.GetBytes("pci:v1d2")]));
        Assert.True(loader.Load("dash-ed", "test"));
    }

    [Fact]
    public void A_driver_that_finds_no_hardware_is_silent()
    {
        _outcomes["kernel/dash-ed.ko.zst"] = Errno.ENODEV;
        Loader("modprobe.blacklist=a").LoadForDevices([Encoding.ASCII.GetBytes("pci:v1d2")]);
        Assert.Single(_inserted);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Soft_dependencies_in_a_circle_end()
    {
        _folder.With("modules.softdep", "softdep pre pre: post\nsoftdep post pre: pre\n");
        Assert.True(Loader().Load("pre", "test"));
        Assert.Equal(2, _inserted.Count);
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_passed_over()
    {
        _folder.With("modules.dep", new string('x', 100_000) + "\nkernel/c.ko:\n");
        Assert.True(Loader().Load("c", "test"));
    }

    [Fact]
    public void Garbage_in_the_files_never_throws()
    {
        var random = new Random(3);
        var bytes = new byte[2000];
        for (int i = 0; i < 100; i++)
        {
            random.NextBytes(bytes);
            for (int j = 0; j < bytes.Length; j++)
                if (bytes[j] < 100) bytes[j] = (byte)"\n: .ko/softdepalias "[bytes[j] % 20];
            foreach (string file in new[] { "modules.dep", "modules.alias", "modules.softdep", "modules.builtin" })
                File.WriteAllBytes(Path.Combine(_folder.Path, file), bytes);
            var loader = Loader();
            loader.Load("k", "test");
            loader.LoadForDevices([Encoding.ASCII.GetBytes("pci:v1d2")]);
        }
    }
}
