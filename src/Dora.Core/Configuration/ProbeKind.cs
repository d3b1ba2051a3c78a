namespace Dora.Core.Configuration;

/// <summary>What <see cref="ProbeSettings"/> look at.</summary>
public enum ProbeKind
{
    /// <summary>Nothing is set.</summary>
    None,

    /// <summary>A TCP port of this machine takes a connection; <c>tcp: 80</c>.</summary>
    Tcp,

    /// <summary>A Unix socket takes a connection; <c>unix: /run/web.sock</c>.</summary>
    Unix,

    /// <summary>A GET on this machine is answered with 200 to 399; <c>http: http://localhost:80/health</c>.</summary>
    Http,

    /// <summary>A file is there; <c>file: /run/web.pid</c>.</summary>
    File,

    /// <summary>A program ends with 0; <c>command: [/usr/bin/check]</c>.</summary>
    Command,
}
