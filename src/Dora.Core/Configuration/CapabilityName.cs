using System.Text;

namespace Dora.Core.Configuration;

/// <summary>Capabilities by the names of capabilities(7), in lower case and without <c>cap_</c>.</summary>
internal static class CapabilityName
{
    /// <summary>All that a kernel of 64 bits could have: more than any has.</summary>
    public const ulong All = ulong.MaxValue;

    // In the order of their numbers: linux/capability.h.
    private static readonly string[] s_names = Encoding.ASCII.GetString(
        """
        chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore
        """u8).Split(' ');

    public static IReadOnlyList<string> Names => s_names;

    public static string Of(int number) => number < s_names.Length ? s_names[number] : $"capability {number}";

    /// <summary>The number, or -1; <c>cap_</c> may stand in front, and capitals are fine.</summary>
    public static int Find(string word)
    {
        string name = word.ToLowerInvariant();
        return Array.IndexOf(s_names, name.StartsWith("cap_", StringComparison.Ordinal) ? name[4..] : name);
    }

    public static ulong Mask(string name) => 1ul << Find(name);
}
