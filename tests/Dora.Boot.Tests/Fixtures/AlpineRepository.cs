using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>
/// Repositories of Alpine packages that Alpine/make-repository makes of Debian's programs, and the tools of image/ run against them
/// as on Alpine (Alpine/on-alpine).
/// </summary>
public sealed class AlpineRepository : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(10);

    readonly ScratchFolder _folder = new();

    public AlpineRepository()
    {
        try
        {
            // A program of musl, linked with a library of the name that Alpine's has.
            Shell($"""
                cp "$(readlink -f /lib/ld-musl-x86_64.so.1)" {Path}/libc.musl-x86_64.so.1
                musl-gcc -Os -nodefaultlibs -o {Path}/probe {Scripts}/musl-probe.c -L{Path} -l:libc.musl-x86_64.so.1
                image/mkdebchroot {Path}/shell busybox
                image/mkdebchroot {Path}/debian "$(awk '$1 == "deb" && $2 == "base" {"{"} printf "%s%s", space, $3; space = " " {"}"}' image/packages)"
                """).Expect();
            Make("main");
        }
        catch
        {
            _folder.Dispose();
            throw;
        }
    }

    public string Path => _folder.Path;

    static string Scripts { get; } = System.IO.Path.Combine(Artifacts.Repository, "tests/Dora.Boot.Tests/Alpine");

    /// <summary>Another repository of that name.</summary>
    public void Make(string name, string options = "") =>
        Shell($"{Scripts}/make-repository {Path}/{name} {Path}/debian {Artifacts.Out}/kernel {Path}/probe {options}").Expect();

    /// <summary>Runs a command of the shell in the checkout as on Alpine, with the packages of a repository.</summary>
    /// <param name="repository">Its name.</param>
    /// <param name="command">What to run.</param>
    /// <param name="environment">What is to be set besides or otherwise.</param>
    public Outcome Run(string repository, string command, string environment = "") => Shell(
        $"export DISTRO=alpine PANDORA_OUT={Path}/out PANDORA_CACHE={Path}/cache PANDORA_APK_REPOSITORIES={Path}/{repository}/repositories "
        + $"PANDORA_APK_KEYS={Path}/{repository}/keys {environment}; {Scripts}/on-alpine {Path}/shell/usr/bin/busybox sh -c '{command}'");

    static Outcome Shell(string command) => Programs.Run(s_limit, "sh", "-euc", $"cd {Artifacts.Repository}; {command}");

    public void Dispose() => _folder.Dispose();
}
