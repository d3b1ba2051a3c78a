using Dora.Init.Storage.Disks;
using Xunit;

namespace Dora.Init.Tests.Storage.Probing;

public class ProbedPlacesTests
{
    [Fact]
    public void Places_rise_do_not_overlap_lie_on_the_disk_and_cover_both_ends()
    {
        var random = new Random(1);
        for (int round = 0; round < 3000; round++)
        {
            long size = round < 100 ? (8 << 20) + round * 777 : random.NextInt64(1, 1L << random.Next(1, 62));
            var places = ProbedPlaces.Of(size);
            Assert.Equal(0, places[0].Offset);
            Assert.Equal(size, places[^1].End);
            Assert.True(places[0].Length >= Math.Min(size, ProbedPlaces.EndBytes) && places[^1].Length >= Math.Min(size, ProbedPlaces.EndBytes));
            Assert.True(places.Count <= 100 && places.Sum(static p => (long)p.Length) <= 16 << 20);
            for (int i = 0; i < places.Count; i++)
            {
                Assert.True(places[i].Length > 0 && places[i].Offset % 4096 == 0);
                if (i > 0) Assert.True(places[i].Offset >= places[i - 1].End);
            }
            if (size <= 8 << 20) Assert.Single(places);
        }
        Assert.Empty(ProbedPlaces.Of(0));
        Assert.Empty(ProbedPlaces.Of(-1));
    }

    [Fact]
    public void Copies_of_superblocks_lie_in_them()
    {
        foreach (long at in new[] { (64L << 20) + 64, (256L << 30) + 64, 128L << 20, (8L << 20) + 1024, 4L << 20, (512L << 20) + 1024, 1L << 40, 4L << 30 })
            Assert.Contains(ProbedPlaces.Of(2L << 40), place => at >= place.Offset && at < place.End);
        // In each 65th of the disk there is one.
        foreach (long size in new[] { 100L << 20, 1L << 40, 16L << 40 })
            for (int part = 0; part < 65; part++)
                Assert.Contains(ProbedPlaces.Of(size), place => place.End > size / 65 * part && place.Offset < size / 65 * (part + 1));
    }
}
