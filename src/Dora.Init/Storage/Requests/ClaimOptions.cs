namespace Dora.Init.Storage.Requests;

/// <summary>How a disk is to be claimed.</summary>
/// <param name="IsDryRun">Tell each write, and make none.</param>
/// <param name="Token">What the refusal gave for this disk and its content.</param>
/// <param name="FileSystem"><c>btrfs</c> or <c>ext4</c>; null: as the kernel command line says.</param>
internal readonly record struct ClaimOptions(bool IsDryRun, string? Token, string? FileSystem);
