using System.Text;
using System.Text.Json;
using Dora.Core.Linux;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Init.Manager.Feed;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.Feed;

public sealed class EventJournalTests : IDisposable
{
    private readonly MemoryStore _store = new();

    private static byte[] Line(long id, string text = "x") =>
        [.. JsonMapWriter.Write(new EventInfo { Id = id, Kind = "test", Reason = text }), (byte)'\n'];

    private static long[] Ids(byte[] lines) =>
        [.. Encoding.UTF8.GetString(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("id").GetInt64())];

    private EventJournal Again(Action<EventInfo>? seen = null)
    {
        _store.Restart();
        return EventJournal.Open(_store, seen ?? (_ => { }));
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public void What_was_appended_is_read_back_behind_any_id()
    {
        var journal = EventJournal.Open(_store, _ => { });
        Assert.Equal((0, 1), (journal.LastId, journal.FirstId));
        Assert.Empty(journal.ReadBehind(0));
        for (long id = 1; id <= 10; id++) journal.Append(Line(id), id);
        for (long after = 0; after <= 12; after++) Assert.Equal(Enumerable.Range(1, 10).Select(id => (long)id).Where(id => id > after), Ids(journal.ReadBehind(after)));
    }

    [Fact]
    public void It_keeps_at_least_half_of_its_size_and_never_a_gap()
    {
        var random = new Random(4);
        var journal = EventJournal.Open(_store, _ => { });
        long last = 0;
        for (int round = 0; round < 3000; round++)
        {
            var batch = new List<byte>();
            for (int n = random.Next(1, 4); n > 0; n--) batch.AddRange(Line(++last, new string('y', random.Next(300))));
            journal.Append([.. batch], last);
            if (round % 100 != 0) continue;
            // Also a manager that goes on from here sees the same.
            if (round % 300 == 0) journal = Again();
            byte[] all = journal.ReadBehind(0);
            long[] ids = Ids(all);
            Assert.Equal(last, ids[^1]);
            Assert.Equal(journal.FirstId, ids[0]);
            Assert.Equal(ids.Length, ids[^1] - ids[0] + 1);
            Assert.True(ids[0] == 1 || all.Length > EventJournal.HalfSize - 2000, $"only {all.Length} bytes of {last} events");
            Assert.Equal(ids.Where(id => id > ids[0] + 5), Ids(journal.ReadBehind(ids[0] + 5)));
        }
        Assert.True(journal.FirstId > 1);
    }

    [Fact]
    public void A_line_that_was_cut_is_dropped_and_its_place_used_again()
    {
        var journal = EventJournal.Open(_store, _ => { });
        for (long id = 1; id <= 3; id++) journal.Append(Line(id), id);
        int end = journal.ReadBehind(0).Length;
        byte[] next = Line(4, new string('z', 200));
        for (int cut = 1; cut < next.Length; cut += 7)
        {
            _store.Restart();
            Sys.WriteAllAt(_store.Restored["events"], next.AsSpan(0, cut), end).ThrowIfError("write");
            var seen = new List<long>();
            var again = Again(info => seen.Add(info.Id));
            Assert.Equal([1, 2, 3], seen);
            Assert.Equal((1, 3), (again.FirstId, again.LastId));
            Assert.Equal([1, 2, 3], Ids(again.ReadBehind(0)));
        }
        var last = Again();
        last.Append(Line(4), 4);
        Assert.Equal([2, 3, 4], Ids(Again().ReadBehind(1)));
    }

    [Fact]
    public void A_manager_killed_when_it_has_emptied_a_half_leaves_the_other()
    {
        var journal = EventJournal.Open(_store, _ => { });
        long last = 0;
        while (journal.ReadBehind(0).Length < EventJournal.HalfSize - 100) journal.Append(Line(++last), last);
        var again = Again();
        for (int i = 0; i < 3; i++) again.Append(Line(++last), last);
        Assert.Equal(last, again.ReadBehind(last - 1).Length > 0 ? Ids(again.ReadBehind(last - 1))[0] : 0);
        Assert.Equal(1, again.FirstId);
    }

    [Fact]
    public void Any_content_is_survived()
    {
        var random = new Random(11);
        for (int round = 0; round < 300; round++)
        {
            using var store = new MemoryStore();
            EventJournal.Open(store, _ => { });
            store.Restart();
            byte[] junk = new byte[random.Next(2 * EventJournal.HalfSize)];
            random.NextBytes(junk);
            for (int i = random.Next(50); i > 0 && junk.Length > 0; i--) junk[random.Next(junk.Length)] = (byte)'\n';
            if (round % 2 == 0) Line(random.Next()).AsSpan(0, Math.Min(junk.Length, 20)).CopyTo(junk);
            Sys.WriteAllAt(store.Restored["events"], junk, 0).ThrowIfError("write");
            var journal = EventJournal.Open(store, _ => { });
            journal.Append(Line(journal.LastId + 1), journal.LastId + 1);
            _ = journal.ReadBehind(0);
            _ = journal.ReadBehind(long.MaxValue);
        }
    }
}
