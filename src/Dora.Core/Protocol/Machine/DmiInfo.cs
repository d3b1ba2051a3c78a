using Dora.Core.Protocol.Json;

namespace Dora.Core.Protocol.Machine;

/// <summary>Answer of <c>GET /v1/machine/dmi</c>: what the firmware says of the machine. Members are null where it says nothing.</summary>
public sealed class DmiInfo : IJsonMapped<DmiInfo>
{
    /// <summary>Who made the machine.</summary>
    public string? SystemVendor { get; init; }

    /// <summary>What it is called.</summary>
    public string? ProductName { get; init; }

    /// <summary>Its version.</summary>
    public string? ProductVersion { get; init; }

    /// <summary>Its number in the catalogue.</summary>
    public string? ProductSku { get; init; }

    /// <summary>The family that it belongs to.</summary>
    public string? ProductFamily { get; init; }

    /// <summary>Its serial number; only for callers who may change things.</summary>
    public string? ProductSerial { get; init; }

    /// <summary>Its id; only for callers who may change things.</summary>
    public string? ProductUuid { get; init; }

    /// <summary>Who made the board.</summary>
    public string? BoardVendor { get; init; }

    /// <summary>What it is called.</summary>
    public string? BoardName { get; init; }

    /// <summary>Its version.</summary>
    public string? BoardVersion { get; init; }

    /// <summary>Its serial number; only for callers who may change things.</summary>
    public string? BoardSerial { get; init; }

    /// <summary>Its inventory number; only for callers who may change things.</summary>
    public string? BoardAssetTag { get; init; }

    /// <summary>Who made the case.</summary>
    public string? ChassisVendor { get; init; }

    /// <summary>Its kind, as a number of the SMBIOS specification: 3 is a desktop, 10 a notebook, 23 a rack.</summary>
    public string? ChassisType { get; init; }

    /// <summary>Its version.</summary>
    public string? ChassisVersion { get; init; }

    /// <summary>Its serial number; only for callers who may change things.</summary>
    public string? ChassisSerial { get; init; }

    /// <summary>Its inventory number; only for callers who may change things.</summary>
    public string? ChassisAssetTag { get; init; }

    /// <summary>Who made the firmware.</summary>
    public string? BiosVendor { get; init; }

    /// <summary>Its version.</summary>
    public string? BiosVersion { get; init; }

    /// <summary>Its date.</summary>
    public string? BiosDate { get; init; }

    /// <inheritdoc/>
    public static DmiInfo Map(JsonMap json, DmiInfo? from) => new()
    {
        SystemVendor = json.Text("systemVendor", from?.SystemVendor),
        ProductName = json.Text("productName", from?.ProductName),
        ProductVersion = json.Text("productVersion", from?.ProductVersion),
        ProductSku = json.Text("productSku", from?.ProductSku),
        ProductFamily = json.Text("productFamily", from?.ProductFamily),
        ProductSerial = json.Text("productSerial", from?.ProductSerial),
        ProductUuid = json.Text("productUuid", from?.ProductUuid),
        BoardVendor = json.Text("boardVendor", from?.BoardVendor),
        BoardName = json.Text("boardName", from?.BoardName),
        BoardVersion = json.Text("boardVersion", from?.BoardVersion),
        BoardSerial = json.Text("boardSerial", from?.BoardSerial),
        BoardAssetTag = json.Text("boardAssetTag", from?.BoardAssetTag),
        ChassisVendor = json.Text("chassisVendor", from?.ChassisVendor),
        ChassisType = json.Text("chassisType", from?.ChassisType),
        ChassisVersion = json.Text("chassisVersion", from?.ChassisVersion),
        ChassisSerial = json.Text("chassisSerial", from?.ChassisSerial),
        ChassisAssetTag = json.Text("chassisAssetTag", from?.ChassisAssetTag),
        BiosVendor = json.Text("biosVendor", from?.BiosVendor),
        BiosVersion = json.Text("biosVersion", from?.BiosVersion),
        BiosDate = json.Text("biosDate", from?.BiosDate),
    };
}
