using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Core.Client;

/// <summary>The machine as a whole and its ends.</summary>
public sealed partial class DoraClient
{
    /// <summary>Versions.</summary>
    public Answer<VersionInfo> Version() => Get<VersionInfo>("/v1/version");

    /// <summary>Whether the machine is being ended, or will be.</summary>
    public Answer<MachineStatus> Machine() => Get<MachineStatus>("/v1/machine");

    /// <summary>Ends it.</summary>
    /// <param name="verb"><c>poweroff</c>, <c>reboot</c>, <c>halt</c>, <c>kexec</c> or <c>soft-reboot</c>.</param>
    /// <param name="request">How and when.</param>
    public Answer<ChangeInfo> End(string verb, EndMachineRequest request) => Post<ChangeInfo>($"/v1/machine/{verb}", JsonMapWriter.Write(request));

    /// <summary>Takes back an end that is scheduled.</summary>
    public Answer<ChangeInfo> CancelEnd() => Post<ChangeInfo>("/v1/machine/cancel");

    /// <summary>Replaces init by another executable; <see cref="MachineStatus.LastUpgrade"/> tells the outcome.</summary>
    /// <param name="path">The executable, as an absolute path of that machine.</param>
    public Answer<ChangeInfo> UpgradeInit(string path) => Post<ChangeInfo>($"/v1/init/upgrade?path={Escape(path)}");
}
