namespace Dora.Core.Configuration;

/// <summary>One file of <c>NAME.yaml.d</c>, to be merged over the file of the service.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Content">What it holds.</param>
public sealed record DropIn(string Path, byte[] Content)
{
    /// <summary>What the name of a folder of drop-ins ends with.</summary>
    internal const string FolderSuffix = ServiceFileReader.Suffix + ".d";
}
