using System.Text;
using Dora.Core.Configuration.Reload;
using Dora.Core.Configuration.Sources;
using Dora.Core.Linux;
using Dora.Init.Manager;
using Dora.Init.Manager.Reloading;
using Dora.Init.Tests.Manager.Logging;
using Xunit;

namespace Dora.Init.Tests.Manager.Reloading;

/// <summary>The copy of the service files in use, from one manager to the next.</summary>
public sealed class LoadedServicesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pandora-loaded-").FullName;
    private readonly MemoryStore _store = new();

    public LoadedServicesTests()
    {
        Log.TestSink = _ => { };
        Write("web", "command: /bin/web\n");
    }

    public void Dispose()
    {
        Log.TestSink = null;
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_next_manager_goes_by_the_copy_whatever_has_become_of_the_directory()
    {
        int number = Open(0).Number;
        Write("web", "half a li");
        Write("new", "command: /bin/new\n");
        var next = Open(number);
        Assert.Equal(["web"], next.Set.Services.Keys);
        Assert.Equal("command: /bin/web\n", Encoding.UTF8.GetString(next.Sources().Groups["web"].Files[0].Content!));
        // A soft reboot, or a state that was lost, knows of no copy.
        Assert.Equal(["new"], Open(0).Set.Services.Keys);
    }

    [Theory]
    [InlineData(false, "/bin/web")]
    [InlineData(true, "/bin/other")]
    public void Which_copy_counts_is_what_the_state_says(bool isSaved, string expected)
    {
        var first = Open(0);
        int before = first.Number;
        Write("web", "command: /bin/other\n");
        first.Take(ReloadPlan.Make(first.Sources(), first.Set, ServiceSources.Read([_folder]), _ => null));
        Assert.Equal(2, _store.Names.Count());
        int saved = isSaved ? first.Number : before;
        if (isSaved) first.Saved();
        Assert.Equal([expected], Open(saved).Set.Services["web"].Command);
        Assert.Equal([$"files:{saved}"], _store.Names);
    }

    [Fact]
    public void Copies_that_nobody_counts_on_are_dropped()
    {
        int number = Open(0).Number;
        Sys.MakeMemoryFile("x", out var stray).ThrowIfError("memfd_create");
        _store.Put("files:77", stray);
        stray.Dispose();
        Open(number);
        Assert.Equal([$"files:{number}"], _store.Names);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{\"files\":[{\"service\":\"web\",\"kind\":0,\"path\":\"/x\",\"content\":\"?\"}]}")]
    [InlineData("{\"files\":[{\"kind\":0}]}")]
    [InlineData("[]")]
    public void A_damaged_copy_is_told_and_the_directories_are_read(string content)
    {
        var told = new List<string>();
        Log.TestSink = told.Add;
        Sys.MakeMemoryFile("x", out var damaged).ThrowIfError("memfd_create");
        Sys.WriteAllAt(damaged, Encoding.UTF8.GetBytes(content), 0).ThrowIfError("write");
        _store.Put("files:5", damaged);
        damaged.Dispose();
        Assert.Equal(["web"], Open(5).Set.Services.Keys);
        Assert.Contains("the copy of the service files in use cannot be read", Assert.Single(told));
    }

    [Fact]
    public void Random_damage_throws_nothing_else()
    {
        byte[] copy = SavedSources.Write(ServiceSources.Read([_folder]));
        var random = new Random(1);
        for (int round = 0; round < 3000; round++)
        {
            byte[] damaged = [.. copy];
            for (int i = random.Next(1, 4); i > 0; i--) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            try
            {
                Dora.Core.Configuration.ServiceDirectory.Load(SavedSources.Read(damaged.AsSpan(0, random.Next(3) == 0 ? random.Next(damaged.Length) : damaged.Length)));
            }
            catch (System.Text.Json.JsonException)
            {
                // As it should be.
            }
        }
    }

    private void Write(string name, string text) => File.WriteAllText($"{_folder}/{name}.yaml", text);

    private LoadedServices Open(int number)
    {
        _store.Restart();
        return LoadedServices.Open(_store, number, [_folder]);
    }
}
