using Dora.Init.Storage;
using Dora.Init.Storage.Requests;
using Xunit;

namespace Dora.Init.Tests.Storage.Requests;

/// <summary>What btrfs-progs 6.2 writes with <c>scrub status -R</c>.</summary>
public class StorageScrubTests
{
    [Fact]
    public void One_that_has_ended()
    {
        var scrub = StorageScrub.Parse("""
            UUID:             1ee1c352-a4f8-4232-97a3-3d0e34e320bf
            Scrub started:    Sat Nov 21 16:28:44 2026
            Status:           finished
            Duration:         0:00:00
            	data_extents_scrubbed: 320
            	tree_extents_scrubbed: 22
            	data_bytes_scrubbed: 20971520
            	tree_bytes_scrubbed: 360448
            	read_errors: 0
            	csum_errors: 5
            	verify_errors: 0
            	no_csum: 3
            	csum_discards: 0
            	super_errors: 1
            	malloc_errors: 0
            	uncorrectable_errors: 2
            	unverified_errors: 0
            	corrected_errors: 3
            	last_physical: 126877696
            """, 30_000_000);
        Assert.Equal(("finished", "Sat Nov 21 16:28:44 2026", 21331968, (long?)30_000_000), (scrub.State, scrub.StartedAt, scrub.CheckedBytes, scrub.TotalBytes));
        Assert.Equal((6, 3, 2), (scrub.Errors, scrub.Corrected, scrub.Uncorrectable));
    }

    [Theory]
    [InlineData("UUID:             1ee1c352\n\tno stats available\n\tdata_bytes_scrubbed: 0\n")]
    [InlineData("")]
    [InlineData("ERROR: '/data' is not a mounted btrfs device\n")]
    public void Where_there_was_none(string text)
    {
        var scrub = StorageScrub.Parse(text, null);
        Assert.Equal(("never", 0, 0), (scrub.State, scrub.CheckedBytes, scrub.Errors));
    }

    [Fact]
    public void Numbers_that_are_none_count_nothing() => Assert.Equal(0, StorageScrub.Parse("read_errors: -5\ncsum_errors: 99999999999999999999\ncorrected_errors: x\n:\n", 1).Errors);
}
