using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol;

/// <summary>Body of <c>POST /v1/machine/{verb}</c>; may be left out.</summary>
public sealed class EndMachineRequest : IJsonMapped<EndMachineRequest>
{
    /// <summary>Pre-empts what is under way and waits for nothing.</summary>
    public bool Force { get; init; }

    /// <summary>Later: after this time (<c>10m</c>).</summary>
    public string? In { get; init; }

    /// <summary>Later: at this time, in UTC (<c>23:00</c>, <c>2026-11-21T23:00</c>).</summary>
    public string? At { get; init; }

    /// <summary>Why, for those who are logged in.</summary>
    public string? Message { get; init; }

    /// <summary>kexec: the kernel to start; the boot medium's unless told.</summary>
    public string? Kernel { get; init; }

    /// <summary>kexec: its initramfs; the boot medium's unless a kernel is given.</summary>
    public string? Initramfs { get; init; }

    /// <summary>kexec: its command line; this one's unless told.</summary>
    public string? CommandLine { get; init; }

    /// <summary>kexec: reboot through the firmware when the kernel cannot be loaded.</summary>
    public bool OrReboot { get; init; }

    /// <inheritdoc/>
    public static EndMachineRequest Map(JsonMap json, EndMachineRequest? from) => new()
    {
        Force = json.Flag("force", from?.Force) ?? false,
        In = json.Text("in", from?.In),
        At = json.Text("at", from?.At),
        Message = json.Text("message", from?.Message),
        Kernel = json.Text("kernel", from?.Kernel),
        Initramfs = json.Text("initramfs", from?.Initramfs),
        CommandLine = json.Text("commandLine", from?.CommandLine),
        OrReboot = json.Flag("orReboot", from?.OrReboot) ?? false,
    };
}
