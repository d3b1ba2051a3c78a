using Dora.Core.Protocol.Machine;

namespace Dora.Init.Manager.MachineInfo;

/// <summary>What the firmware says of the machine: /sys/class/dmi/id. There is none on many machines that are not PCs.</summary>
internal static class DmiReader
{
    /// <param name="root">Where the file systems are.</param>
    /// <param name="withSecrets">Serial numbers and ids too, which the kernel shows to root alone.</param>
    public static DmiInfo Read(string root, bool withSecrets)
    {
        string? Text(string name) => SystemText.Line($"{root}/sys/class/dmi/id/{name}");
        string? Secret(string name) => withSecrets ? Text(name) : null;
        return new DmiInfo
        {
            SystemVendor = Text("sys_vendor"),
            ProductName = Text("product_name"),
            ProductVersion = Text("product_version"),
            ProductSku = Text("product_sku"),
            ProductFamily = Text("product_family"),
            ProductSerial = Secret("product_serial"),
            ProductUuid = Secret("product_uuid"),
            BoardVendor = Text("board_vendor"),
            BoardName = Text("board_name"),
            BoardVersion = Text("board_version"),
            BoardSerial = Secret("board_serial"),
            BoardAssetTag = Secret("board_asset_tag"),
            ChassisVendor = Text("chassis_vendor"),
            ChassisType = Text("chassis_type"),
            ChassisVersion = Text("chassis_version"),
            ChassisSerial = Secret("chassis_serial"),
            ChassisAssetTag = Secret("chassis_asset_tag"),
            BiosVendor = Text("bios_vendor"),
            BiosVersion = Text("bios_version"),
            BiosDate = Text("bios_date"),
        };
    }
}
