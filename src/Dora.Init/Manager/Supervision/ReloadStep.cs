using Dora.Core.Configuration.Reload;

namespace Dora.Init.Manager.Supervision;

/// <summary>What a reload does about one item.</summary>
/// <param name="Item">What has become of the files.</param>
/// <param name="Action">One of the words below; docs/protocol.md has them.</param>
/// <param name="Services">Services that are started, stopped or restarted for it: the instances of a template.</param>
internal sealed record ReloadStep(ReloadItem Item, string Action, IReadOnlyList<string> Services)
{
    public const string Start = "start", Add = "add", Stop = "stop", Remove = "remove", Restart = "restart", Update = "update",
        Replace = "replace", Keep = "keep", Clear = "clear", Refuse = "refuse";
}
