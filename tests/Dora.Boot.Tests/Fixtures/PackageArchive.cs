using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests.Fixtures;

/// <summary>
/// An archive of Debian packages on this host's loopback, signed with a key of its own. They are the real ones, of the archive that this host
/// knows, but for apt, which would bring thirty more: its stand-in is an empty package.
/// </summary>
/// <param name="packages">With all that they depend on.</param>
/// <param name="required">What has to be in every chroot, besides what Debian says of it itself.</param>
public sealed class PackageArchive(IEnumerable<string> packages, string required = "") : StorageServer
{
    /// <summary>One program, and what it takes to run it.</summary>
    public static readonly string[] Smallest = ["base-files", "gcc-12-base", "hello", "libc6", "libgcc-s1", "usr-is-merged"];

    /// <summary>What both stages of debootstrap take: a chroot that packages can be installed in.</summary>
    public static readonly string[] Installing =
    [
        "base-files", "base-passwd", "coreutils", "dash", "debianutils", "diffutils", "dpkg", "gcc-12-base", "grep", "libacl1", "libattr1", "libblkid1",
        "libbz2-1.0", "libc-bin", "libc6", "libcrypt1", "libdebconfclient0", "libgcc-s1", "libgmp10", "liblzma5", "libmd0", "libmount1", "libpcre2-8-0",
        "libselinux1", "libsmartcols1", "libuuid1", "libzstd1", "mawk", "mount", "perl-base", "sed", "tar", "usr-is-merged", "zlib1g",
    ];

    static readonly TimeSpan s_limit = TimeSpan.FromMinutes(3);

    /// <summary>The public key, as debootstrap wants it for --keyring.</summary>
    public string Key => Path.Combine(Folder, "key.gpg");

    public string Url => $"http://10.0.2.2:{Port}";

    /// <summary>The release that this host is, and so the packages are.</summary>
    public static string Suite => Programs.Run(s_limit, "sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").Expect().Trim();

    public override void Start()
    {
        Programs.Run(s_limit, "sh", "-ec", Make, Folder, Suite, string.Join(' ', packages), required).Expect();
        Run("/usr/bin/python3", "-m", "http.server", Port.ToString(), "--bind", "127.0.0.1", "--directory", Folder);
        WaitFor(Listens, "port");
    }

    /// <summary>$0 is the folder, $1 the release, $2 the packages, $3 which of them the archive calls required.</summary>
    const string Make = """
        mkdir -p "$0/pool" "$0/apt/DEBIAN" "$0/dists/$1/main/binary-amd64"
        cd "$0/pool"
        apt-get -q -o APT::Sandbox::User=root download $2 >&2
        printf 'Package: apt\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nPriority: important\nDescription: a stand-in\n' >"$0/apt/DEBIAN/control"
        dpkg-deb --build "$0/apt" apt_1_all.deb >&2
        cd "$0"
        for deb in pool/*; do
            name=$(echo "$deb" | sed 's/_[0-9]*%3a/_/')
            [ "$name" = "$deb" ] || mv "$deb" "$name"
            dpkg-deb -f "$name" | case " $3 " in
                *" $(dpkg-deb -f "$name" Package) "*) sed 's/^Priority: .*/Priority: required/' ;;
                *) cat ;;
            esac
            printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' "$name" "$(stat -c %s "$name")" "$(sha256sum "$name" | cut -d ' ' -f 1)"
        done >"dists/$1/main/binary-amd64/Packages"
        file=main/binary-amd64/Packages
        cd "dists/$1"
        printf 'Suite: %s\nCodename: %s\nComponents: main\nArchitectures: amd64\nDate: %s\nSHA256:\n %s %s %s\n' "$1" "$1" "$(LC_ALL=C date -Ru)" \
            "$(sha256sum $file | cut -d ' ' -f 1)" "$(stat -c %s $file)" $file >Release
        mkdir -m 700 "$0/gpg"
        gpg() { command gpg --homedir "$0/gpg" --batch --quiet "$@" >&2; }
        gpg --passphrase '' --quick-gen-key archive ed25519 sign never
        gpg --clearsign --output InRelease Release
        gpg --export --output "$0/key.gpg"
        gpgconf --homedir "$0/gpg" --kill gpg-agent
        """;
}
