namespace Dora.Boot.Tests.Harness;

/// <summary>What the host offers to QEMU.</summary>
static class Hardware
{
    /// <summary>/dev/kvm alone says nothing: where the processor lacks the feature QEMU hangs on it.</summary>
    public static bool IsVirtual { get; } = File.Exists("/dev/kvm") &&
        File.ReadLines("/proc/cpuinfo").Any(line => line.StartsWith("flags", StringComparison.Ordinal) && (line.Contains(" vmx") || line.Contains(" svm")));

    public static string OvmfCode => First("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_CODE.fd");
    public static string OvmfVariables => First("/usr/share/OVMF/OVMF_VARS_4M.fd", "/usr/share/OVMF/OVMF_VARS.fd");

    static string First(params string[] files) =>
        files.FirstOrDefault(File.Exists) ?? throw new FileNotFoundException($"{files[0]}: not there; run image/prepare");
}
