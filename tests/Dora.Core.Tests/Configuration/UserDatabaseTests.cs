using Dora.Tests.Harness;
using System.Text;
using Dora.Core.Configuration;
using Xunit;

namespace Dora.Core.Tests.Configuration;

public class UserDatabaseTests
{
    private const string Passwd = """
        root:x:0:0:root:/root:/bin/bash
        # a comment
        daemon:x:1:1::/usr/sbin:/usr/sbin/nologin

        web:x:33:33:Web:/srv:/bin/sh
        web:x:99:99:second:/other:/bin/sh
        again:x:33:34:same number:/x:/bin/sh
        short:x:50:50
        bare:x:51:51:::
        broken:x:abc:5::/:/bin/sh
        none:x:4294967295:5::/:/bin/sh
        :x:7:7::/:/bin/sh
        toomany:x:8:8::/:/bin/sh:more
        +nis:x:9:9::/:/bin/sh
        """;

    private const string Group = """
        root:x:0:
        web:x:33:
        adm:x:4:web, root
        ssl:x:100:web,web
        empty:x:5
        bad:x:-1:web
        dup:x:4:web
        """;

    private readonly UserDatabase _database = UserDatabase.Parse(Passwd, Group);

    [Fact]
    public void User_is_found_by_name_and_by_number_and_the_first_line_counts()
    {
        var web = new UserEntry("web", 33, 33, "/srv", "/bin/sh");

        Assert.Equal(web, _database.FindUser("web"));
        Assert.Equal(web, _database.FindUser("33"));
        Assert.Equal(web, _database.FindUser(33));
        Assert.Equal(new UserEntry("root", 0, 0, "/root", "/bin/bash"), _database.FindUser("root"));
        Assert.Null(_database.FindUser("nobody"));
        Assert.Null(_database.FindUser("12345"));
        Assert.Null(_database.FindUser(""));
    }

    [Fact]
    public void Missing_fields_have_the_defaults_of_passwd()
    {
        Assert.Equal(new UserEntry("short", 50, 50, "/", "/bin/sh"), _database.FindUser("short"));
        Assert.Equal(new UserEntry("bare", 51, 51, "/", "/bin/sh"), _database.FindUser("bare"));
    }

    [Fact]
    public void Odd_lines_are_passed_over() =>
        Assert.Equal(["root", "daemon", "web", "web", "again", "short", "bare"], _database.Users.Select(user => user.Name));

    [Fact]
    public void Group_is_found_by_name_and_by_number()
    {
        Assert.Equal(100u, _database.FindGroup("ssl")!.Gid);
        Assert.Equal("adm", _database.FindGroup("4")!.Name);
        Assert.Empty(_database.FindGroup("empty")!.Members);
        Assert.Null(_database.FindGroup("bad"));
    }

    [Fact]
    public void Groups_of_a_user_are_the_primary_first_and_each_once()
    {
        Assert.Equal([33u, 4u, 100u], _database.GroupsOf(_database.FindUser("web")!));
        Assert.Equal([0u, 4u], _database.GroupsOf(_database.FindUser("root")!));
        Assert.Equal([1u], _database.GroupsOf(_database.FindUser("daemon")!));
    }

    [Fact]
    public void Missing_files_are_empty() => Assert.Empty(UserDatabase.Load("/nowhere/passwd", "/nowhere").Users);

    [Fact]
    public void The_files_of_this_machine_know_root() =>
        Assert.Equal(0u, UserDatabase.Load().FindUser("root")!.Uid);

    [Fact]
    public void Mutations_never_throw_and_never_leave_the_types()
    {
        var random = new Random(20264);
        foreach (string whole in new[] { Passwd, Group })
        {
            for (int round = 0; round < Fuzz.Rounds(5000); round++)
            {
                var text = new StringBuilder(whole);
                for (int count = random.Next(1, 8); count > 0; count--)
                {
                    int at = random.Next(text.Length);
                    if (random.Next(2) == 0) text[at] = (char)random.Next(0, 0x300);
                    else text.Insert(at, ":\n,\0 9#"[random.Next(7)]);
                }
                var database = UserDatabase.Parse(text.ToString(), text.ToString());
                foreach (var user in database.Users)
                {
                    Assert.StartsWith("/", user.Home);
                    Assert.StartsWith("/", user.Shell);
                    Assert.NotEqual("", user.Name);
                    Assert.NotEqual(uint.MaxValue, user.Uid);
                    Assert.NotEmpty(database.GroupsOf(user));
                }
            }
        }
    }
}
