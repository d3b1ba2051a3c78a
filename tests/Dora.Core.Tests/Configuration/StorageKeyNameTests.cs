using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class StorageKeyNameTests
{
    [Theory]
    [InlineData("console", "", "")]
    [InlineData("LABEL=KEYS:/web.key", "LABEL=KEYS", "/web.key")]
    [InlineData("UUID=12AB-34CD:/keys/web 1.key", "UUID=12AB-34CD", "/keys/web 1.key")]
    [InlineData("LABEL=my:keys:/a:/b", "LABEL=my:keys", "/a:/b")]
    public void Keys_are_typed_or_read_from_a_device(string text, string device, string path)
    {
        var name = StorageKeyName.Parse(text)!;
        Assert.Equal((device, path, text), (name.Device, name.Path, name.ToString()));
        Assert.Equal(device.Length == 0, name.IsConsole);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Console")]
    [InlineData("KEYS:/web.key")]
    [InlineData("LABEL=:/web.key")]
    [InlineData("SERIAL=1:/web.key")]
    [InlineData("LABEL=KEYS")]
    [InlineData("LABEL=KEYS:web.key")]
    [InlineData("LABEL=KEYS:/")]
    [InlineData("LABEL=KEYS:/folder/")]
    [InlineData("LABEL=KEYS:/../etc/shadow")]
    [InlineData("LABEL=KEYS:/a\nb")]
    [InlineData("LABEL=01234567890123456789012345678901234567890123456789012345678901234:/a")]
    public void What_is_neither_is_refused(string text) => Assert.Null(StorageKeyName.Parse(text));

    [Theory]
    [InlineData("pandora.storage_key=LABEL=KEYS:/a", "LABEL=KEYS:/a", "empty", null)]
    [InlineData("pandora.storage-key=console pandora.claim=D1", "console", "D1", null)]
    // Whatever else is asked for: a disk that is claimed would not be encrypted.
    [InlineData("pandora.storage_key=KEYS pandora.claim=D1", null, "never", "kernel command line: pandora.storage_key=KEYS: must be console, LABEL=NAME:/PATH or UUID=ID:/PATH; no disk is claimed")]
    [InlineData("pandora.claim=empty pandora.storage_key", null, "never", "kernel command line: pandora.storage_key=: must be console, LABEL=NAME:/PATH or UUID=ID:/PATH; no disk is claimed")]
    public void A_mistake_in_it_claims_nothing(string text, string? key, string claim, string? problem)
    {
        var line = KernelCommandLine.Parse(text);
        Assert.Equal((key, claim), (line.StorageKey?.ToString(), line.Claim.ToString()));
        Assert.Equal(problem is null ? [] : [problem], line.Problems);
    }
}
