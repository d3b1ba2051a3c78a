using Xunit;

namespace Dora.Ctl.Tests.Commands;

public class StorageCommandTests
{
    private const string InMemory = """{"state":"memory","reason":"no disk is empty","encrypted":false,"disks":[],"paths":[{"path":"/etc","at":"/data/etc","persistent":false},{"path":"/data","at":"/data","persistent":false}],"claimedThisBoot":false}""";

    [Theory]
    [InlineData("storage")]
    [InlineData("storage status")]
    public void What_persists_and_where(string command)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/storage", 200, """{"state":"ready","reason":"btrfs on vda","kind":"disk","fileSystem":"btrfs","uuid":"0c0f","encrypted":true,"disks":[{"name":"vda","model":"QEMU","serial":"7","number":0},{"name":"vdb","number":1,"missing":true}],"sizeBytes":1000000,"usedBytes":250000,"paths":[{"path":"/etc","at":"/data/etc","persistent":true},{"path":"/root","at":"/root","persistent":false}],"claimedThisBoot":true,"tookMs":41}""");
        var (code, output, error) = server.Dora(command.Split(' '));
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("""
            storage: ready: encrypted, claimed in this boot, btrfs on vda
              █████░░░░░░░░░░░░░░░ 244 KiB of 977 KiB used (25.0 %), 732 KiB available
              disk 0  vda (QEMU, serial 7)
              disk 1  vdb: missing
              uuid    0c0f
              boot    41 ms to find, check and mount it

            PATH   PERSISTS  WHERE
            /etc   yes       /data/etc
            /root  no        in RAM

            what is written to paths in RAM is gone after the next boot; 'dora disk list' tells of each disk why it is not used

            """, output);
    }

    [Theory]
    [InlineData(900000, 0, "████████████████████ 879 KiB of 977 KiB used (100.0 %), 0 B available")]
    [InlineData(450000, 450000, "██████████░░░░░░░░░░ 439 KiB of 977 KiB used (50.0 %), 439 KiB available")]
    public void What_is_kept_for_root_is_not_counted_as_room(long used, long available, string expected)
    {
        using var server = new CannedServer();
        server.Add("GET /v1/storage", 200, $$"""{"state":"ready","sizeBytes":1000000,"usedBytes":{{used}},"availableBytes":{{available}},"paths":[]}""");
        Assert.Contains(expected, server.Dora("storage").Out);
        server.Add("GET /v1/machine/disks", 200, $$"""[{"name":"sda","path":"/dev/sda","sizeBytes":1000000,"rotational":false,"removable":false,"readOnly":false,"partitions":[],"holders":[],"mounts":[{"path":"/data","fileSystem":"ext4","options":"rw","sizeBytes":1000000,"freeBytes":{{1000000 - used}},"availableBytes":{{available}}}]}]""");
        string disks = server.Dora("machine", "disks").Out;
        Assert.Contains($"/data (ext4, {expected.Split('(', ')')[1]} used, {expected.Split(", ")[1]})", disks);
    }

    [Fact]
    public void Without_storage_all_is_in_memory()
    {
        using var server = new CannedServer();
        server.Add("GET /v1/storage", 200, InMemory);
        Assert.StartsWith("storage: memory: no disk is empty\n\nPATH   PERSISTS  WHERE\n/etc   no        in RAM\n", server.Dora("storage").Out);
        Assert.Equal(InMemory + "\n", server.Dora("storage", "--json").Out);
    }

    [Theory]
    [InlineData("mask", InMemory, "web: masked, it was running and is masked\nuntil the next boot: /etc is in RAM ('dora storage' tells more)\n")]
    [InlineData("unmask", InMemory, "web: no longer masked, it was running and is masked\nuntil the next boot: /etc is in RAM ('dora storage' tells more)\n")]
    [InlineData("mask", """{"state":"ready","paths":[{"path":"/etc","persistent":true}]}""", "web: masked, it was running and is masked\n")]
    [InlineData("mask", null, "web: masked, it was running and is masked\n")]
    [InlineData("stop", InMemory, "web: stopped, it was running and is masked\n")]
    public void What_is_forgotten_at_the_next_boot_says_so(string verb, string? storage, string expected)
    {
        using var server = new CannedServer();
        server.Add($"POST /v1/services/web/{verb}", 202, $$"""{"id":"1","verb":"{{verb}}","service":"web","status":"done","before":"running","after":"masked"}""");
        // An older init has no such path.
        if (storage is null) server.Add("GET /v1/storage", 404, """{"error":"path.not-found","message":"/v1/storage: there is no such path","data":{}}""");
        else server.Add("GET /v1/storage", 200, storage);
        Assert.Equal((0, expected, ""), server.Dora("service", verb, "web"));
    }

    [Fact]
    public void Events_of_disks_have_their_words()
    {
        using var server = new CannedServer();
        server.AddRaw("GET /v1/events?after=0", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + string.Join('\n',
            """{"id":1,"kind":"disk.appeared","disk":"sdb","reason":"Disk 3000"}""", """{"id":2,"kind":"disk.disappeared","disk":"sdb"}""",
            """{"id":3,"kind":"storage.changed","disk":"vda","reason":"disk vda is gone: plug it in again"}""") + "\n");
        Assert.Equal("     1  disk sdb: is there: Disk 3000\n     2  disk sdb: is gone\n     3  storage: disk vda is gone: plug it in again\n", server.Dora("events").Out);
    }
}
