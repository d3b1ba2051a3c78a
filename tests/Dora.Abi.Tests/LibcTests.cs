using System.Reflection;
using System.Runtime.InteropServices;
using Dora.Core.Linux;

namespace Dora.Abi.Tests;

/// <summary>
/// Every constant, structure size and field offset of <see cref="Libc"/>, and every number of <see cref="Errno"/>,
/// against what the C compiler of this machine says. Found by reflection: a constant added to Libc is checked without
/// a line here, unless C knows it by another name.
/// </summary>
public class LibcTests
{
    // Order matters in two places: linux/loop.h and linux/module.h take types that the headers before them bring.
    const string Headers = """
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <grp.h>
        #include <netinet/in.h>
        #include <netinet/tcp.h>
        #include <net/if.h>
        #include <net/if_arp.h>
        #include <poll.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <sys/epoll.h>
        #include <sys/eventfd.h>
        #include <sys/file.h>
        #include <sys/inotify.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/mount.h>
        #include <sys/prctl.h>
        #include <sys/random.h>
        #include <sys/reboot.h>
        #include <sys/resource.h>
        #include <sys/signalfd.h>
        #include <sys/socket.h>
        #include <sys/stat.h>
        #include <sys/statfs.h>
        #include <sys/swap.h>
        #include <sys/syscall.h>
        #include <sys/sysmacros.h>
        #include <sys/time.h>
        #include <sys/timerfd.h>
        #include <sys/uio.h>
        #include <sys/un.h>
        #include <sys/utsname.h>
        #include <sys/vfs.h>
        #include <sys/wait.h>
        #include <sys/xattr.h>
        #include <termios.h>
        #include <time.h>
        #include <unistd.h>
        #include <linux/aio_abi.h>
        #include <linux/audit.h>
        #include <linux/capability.h>
        #include <linux/filter.h>
        #include <linux/ioprio.h>
        #include <linux/kd.h>
        #include <linux/kexec.h>
        #include <linux/btrfs.h>
        #include <linux/fs.h>
        #include <linux/loop.h>
        #include <linux/magic.h>
        #include <linux/module.h>
        #include <linux/openat2.h>
        #include <linux/reboot.h>
        #include <linux/watchdog.h>
        #include <linux/netlink.h>
        #include <linux/random.h>
        #include <linux/usbdevice_fs.h>
        #include <linux/rtnetlink.h>
        #include <linux/sockios.h>
        #include <linux/sched.h>
        #include <linux/seccomp.h>
        #include <linux/securebits.h>
        #include <linux/vt.h>
        #include <linux/watchdog.h>
        """;

    /// <summary>Constants that C has no name for, each with the reason. Short, or something is wrong.</summary>
    static readonly Dictionary<string, string> s_notInC = [];

    /// <summary>Constants that C has as an expression, not as a name.</summary>
    static readonly Dictionary<string, string> s_expressions = new()
    {
        ["BPF_LD_W_ABS"] = "BPF_LD | BPF_W | BPF_ABS",
        ["BPF_JMP_JEQ_K"] = "BPF_JMP | BPF_JEQ | BPF_K",
        ["BPF_JMP_JGT_K"] = "BPF_JMP | BPF_JGT | BPF_K",
        ["BPF_JMP_JGE_K"] = "BPF_JMP | BPF_JGE | BPF_K",
        ["BPF_RET_K"] = "BPF_RET | BPF_K",
        ["DIRENT64_NAME"] = "offsetof(struct dirent64, d_name)",
        ["DIRENT64_RECLEN"] = "offsetof(struct dirent64, d_reclen)",
        ["DIRENT64_TYPE"] = "offsetof(struct dirent64, d_type)",
        ["SIGRTMIN3"] = "SIGRTMIN + 3",
        ["SIGRTMIN4"] = "SIGRTMIN + 4",
        ["SIGRTMIN5"] = "SIGRTMIN + 5",
    };

    /// <summary>What musl calls otherwise.</summary>
    const string MuslNames = "\n#define __val __bits\n#define c_ispeed __c_ispeed\n#define c_ospeed __c_ospeed\n";

    /// <summary>Structures whose C# name is not `struct NAME` with the same name.</summary>
    static readonly Dictionary<string, string> s_structures = new()
    {
        ["stat_t"] = "struct stat",
        ["rusage_t"] = "struct rusage",
        ["sigset_t"] = "sigset_t",
        ["siginfo_t"] = "siginfo_t",
        ["statfs_t"] = "struct statfs",
        ["posix_spawn_file_actions_t"] = "posix_spawn_file_actions_t",
    };

    /// <summary>Fields that C calls otherwise, by STRUCTURE.FIELD; null: C has no such name (padding, or flattened otherwise).</summary>
    static readonly Dictionary<string, string?> s_fields = new()
    {
        ["epoll_event.data"] = "data.u64",
        ["rusage_t.utime_sec"] = "ru_utime.tv_sec",
        ["rusage_t.utime_usec"] = "ru_utime.tv_usec",
        ["rusage_t.stime_sec"] = "ru_stime.tv_sec",
        ["rusage_t.stime_usec"] = "ru_stime.tv_usec",
        ["rusage_t.maxrss"] = "ru_maxrss",
        ["siginfo_t.pad"] = null,
        ["sigset_t.bits"] = "__val[0]",
        ["sockaddr_nl.pad"] = "nl_pad",
        ["stat_t.pad0"] = null,
        ["stat_t.st_atime"] = "st_atim.tv_sec",
        ["stat_t.st_atime_nsec"] = "st_atim.tv_nsec",
        ["stat_t.st_mtime"] = "st_mtim.tv_sec",
        ["stat_t.st_mtime_nsec"] = "st_mtim.tv_nsec",
        ["stat_t.st_ctime"] = "st_ctim.tv_sec",
        ["stat_t.st_ctime_nsec"] = "st_ctim.tv_nsec",
    };

    // The numbers are glibc's, and what senders such as container engines use: with musl, programs call the same signals one less.
    [Theory]
    [InlineData(CLibrary.Glibc)]
    [InlineData(CLibrary.Musl, "SIGRTMIN: 34 in C#, 35 in C", "SIGRTMIN3: 37 in C#, 38 in C", "SIGRTMIN4: 38 in C#, 39 in C", "SIGRTMIN5: 39 in C#, 40 in C")]
    public void Every_constant_has_the_value_that_C_gives_it(CLibrary library, params string[] known)
    {
        var constants = Constants().ToList();
        Assert.Contains(constants, c => c.Name == "SYS_finit_module"); // nint constants are literals too
        Assert.True(constants.Count > 150, $"only {constants.Count} constants found: reflection no longer sees them");
        Assert.Equal(known, Differences(constants, library));
    }

    [Fact]
    public void Every_errno_has_its_number()
    {
        var numbers = Enum.GetValues<Errno>().Where(errno => errno != Errno.None)
            .Select(errno => (errno.ToString(), (object)(int)errno)).ToList();
        Assert.True(numbers.Count > 50);
        Assert.Empty(Differences(numbers));
    }

    [Fact]
    public void Every_system_call_has_its_number()
    {
        var calls = Enum.GetValues<SystemCall>().Where(call => call > 0).ToList();
        Assert.True(calls.Count > 10);
        Assert.Empty(Differences([.. calls.Select(call => ($"SYS_{call}", (object)(long)call))]));
    }

    // musl's rusage has room behind what the kernel writes.
    [Theory]
    [InlineData(CLibrary.Glibc)]
    [InlineData(CLibrary.Musl, "rusage_t: 144 bytes in C#, 272 in C")]
    public void Every_structure_has_the_size_that_C_gives_it(CLibrary library, params string[] known)
    {
        var program = new CProgram(Headers, library);
        var structures = Structures().ToList();
        Assert.True(structures.Count >= 15, $"only {structures.Count} structures found");
        foreach (var type in structures) program.Ask(type.Name, $"sizeof({CName(type)})");
        var answers = program.Answers();
        Assert.Equal(known, structures.Where(type => answers[type.Name] != Layout.SizeOf(type))
            .Select(type => $"{type.Name}: {Layout.SizeOf(type)} bytes in C#, {answers[type.Name]} in C"));
    }

    // musl has lengths of four bytes and four of padding where the kernel has eight; it makes the padding zero in both directions.
    [Theory]
    [InlineData(CLibrary.Glibc)]
    [InlineData(CLibrary.Musl, "msghdr.msg_iovlen: 8 bytes in C#, 4 in C",
        "msghdr.msg_controllen: 8 bytes in C#, 4 in C", "cmsghdr.cmsg_len: 8 bytes in C#, 4 in C")]
    public void Every_field_lies_where_C_puts_it_and_is_as_wide(CLibrary library, params string[] known)
    {
        var program = new CProgram(Headers + (library == CLibrary.Musl ? MuslNames : ""), library);
        var fields = new List<(string Name, int Offset, int Size)>();
        foreach (var type in Structures())
            foreach (var field in Layout.SharedFields(type))
            {
                string name = $"{type.Name}.{field.Name}", inC = field.Name;
                if (s_fields.TryGetValue(name, out string? other))
                {
                    if (other is null) continue;
                    inC = other;
                }
                program.Ask(name + " offset", $"offsetof({CName(type)}, {inC})");
                program.Ask(name + " size", $"sizeof((({CName(type)} *)0)->{inC})");
                fields.Add((name, Layout.OffsetOf(field), Layout.SizeOf(field.FieldType)));
            }
        Assert.True(fields.Count > 60, $"only {fields.Count} fields found");
        var answers = program.Answers();
        Assert.Empty(fields.Where(f => answers[f.Name + " offset"] != f.Offset)
            .Select(f => $"{f.Name}: at {f.Offset} in C#, at {answers[f.Name + " offset"]} in C"));
        Assert.Equal(known, fields.Where(f => answers[f.Name + " size"] != f.Size)
            .Select(f => $"{f.Name}: {f.Size} bytes in C#, {answers[f.Name + " size"]} in C"));
    }

    // A static program has no loader that would say so at run time: what is not in the library does not link.
    [Fact]
    public void Every_imported_function_is_in_musl()
    {
        var names = typeof(Libc).GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(method => method.IsDefined(typeof(LibraryImportAttribute)))
            .Select(method => method.GetCustomAttribute<LibraryImportAttribute>()!.EntryPoint ?? method.Name).Distinct().ToList();
        Assert.True(names.Count > 60, $"only {names.Count} imports found");
        var program = new CProgram(string.Concat(names.Select(name => $"extern char {name}_[] __asm__(\"{name}\");\n")), CLibrary.Musl);
        foreach (string name in names) program.Ask(name, $"{name}_ != 0");
        Assert.All(program.Answers().Values, there => Assert.Equal(1, there));
    }

    [Fact]
    public void A_wrong_constant_would_be_noticed()
    {
        Assert.Equal(["O_CLOEXEC: 524289 in C#, 524288 in C"], Differences([("O_CLOEXEC", (object)524289)]));
        Assert.Equal(["RB_HALT_SYSTEM: 1 in C#, 3454992675 in C"], Differences([("RB_HALT_SYSTEM", (object)1)]));
        var unknown = Assert.Throws<InvalidOperationException>(() => Differences([("MS_NO_SUCH_FLAG", (object)1)]));
        Assert.Contains("MS_NO_SUCH_FLAG", unknown.Message);
    }

    static IEnumerable<(string Name, object Value)> Constants() =>
        typeof(Libc).GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.IsLiteral && field.FieldType != typeof(string) && !s_notInC.ContainsKey(field.Name))
            .Select(field => (field.Name, field.GetRawConstantValue()!));

    static IEnumerable<Type> Structures() =>
        typeof(Libc).GetNestedTypes(BindingFlags.Public | BindingFlags.NonPublic)
            .Where(type => type.IsValueType && !type.IsEnum && !type.Name.StartsWith('<'));

    static string CName(Type type) => s_structures.GetValueOrDefault(type.Name, "struct " + type.Name);

    static List<string> Differences(IReadOnlyList<(string Name, object Value)> constants, CLibrary library = CLibrary.Glibc)
    {
        var program = new CProgram(Headers, library);
        foreach (var (name, _) in constants) program.Ask(name, s_expressions.GetValueOrDefault(name, name));
        var answers = program.Answers();
        return [.. constants.Where(c => !Same(c.Value, answers[c.Name])).Select(c => $"{c.Name}: {c.Value} in C#, {answers[c.Name]} in C")];
    }

    /// <summary>Equal as C would pass it: a 32-bit constant may be signed on one side and unsigned on the other.</summary>
    static bool Same(object value, long inC) => value switch
    {
        int i => i == inC || (uint)i == inC,
        uint u => u == inC || (inC < 0 && inC >= int.MinValue && u == (uint)(int)inC),
        ulong ul => ul == (ulong)inC,
        nuint nu => nu == (nuint)(ulong)inC,
        nint n => n == inC,
        _ => Convert.ToInt64(value) == inC,
    };
}
