using System.Text;
using Dora.Core.Configuration.Schedules;
using Xunit;

namespace Dora.Core.Tests.Configuration.Schedules;

public class CrontabTests
{
    static Crontab Parse(string text, bool isSystem = false) => Crontab.Parse("root", Encoding.UTF8.GetBytes(text), isSystem);

    static CrontabLine One(string text, bool isSystem = false)
    {
        var crontab = Parse(text, isSystem);
        Assert.Empty(crontab.Problems);
        return Assert.Single(crontab.Lines);
    }

    static string Variables(CrontabLine line) => string.Join(' ', line.Environment.OrderBy(pair => pair.Key).Select(pair => $"{pair.Key}={pair.Value}"));

    [Fact]
    public void The_crontab_of_a_distribution_is_read_as_it_is()
    {
        var crontab = Parse("""
            # /etc/crontab: system-wide crontab
            SHELL=/bin/sh
            # You can also override PATH, but by default, newer versions inherit it from the environment
            #PATH=/usr/local/sbin:/usr/local/bin:/sbin:/bin:/usr/sbin:/usr/bin

            # m h dom mon dow user  command
            17 *    * * *   root    cd / && run-parts --report /etc/cron.hourly
            25 6    * * *   root	test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )
            @reboot www-data /srv/warm
            #
            """, isSystem: true);
        Assert.Empty(crontab.Problems);
        Assert.Equal(
            ["7 root 17 *    * * * cd / && run-parts --report /etc/cron.hourly", "8 root 25 6    * * * test -x /usr/sbin/anacron || ( cd / && run-parts --report /etc/cron.daily )", "9 www-data @reboot /srv/warm"],
            crontab.Lines.Select(line => $"{line.Number} {line.User} {line.Time.Text} {line.Command}"));
        Assert.Equal("SHELL=/bin/sh", Variables(crontab.Lines[1]));
        Assert.True(crontab.Lines[2].Time.IsReboot);
    }

    [Fact]
    public void A_variable_holds_for_the_lines_below_it()
    {
        var crontab = Parse("""
            @daily first
            A=1
              B  =  two words  # no comment
            MAILTO=""
            @daily second
            A = ' quoted '
            "C"="it's"
            D=
            @daily third
            @daily fourth
            """);
        Assert.Empty(crontab.Problems);
        Assert.Equal(["", "A=1 B=two words  # no comment MAILTO=", "A= quoted  B=two words  # no comment C=it's D= MAILTO="], crontab.Lines.Take(3).Select(Variables));
        Assert.Same(crontab.Lines[2].Environment, crontab.Lines[3].Environment);
    }

    [Theory]
    [InlineData("@daily cat%one%two", "cat", "one\ntwo\n")]
    [InlineData("@daily cat%one%two%", "cat", "one\ntwo\n")]
    [InlineData(@"@daily date +\%s%5\%", "date +%s", "5%\n")]
    [InlineData(@"@daily date +\%s", "date +%s", null)]
    [InlineData("@daily cat%", "cat", "")]
    [InlineData(@"@daily a\b \\%x", @"a\b \%x", null)]
    [InlineData("@daily  spaces  stay ", "spaces  stay ", null)]
    [InlineData("  */5 1-5\t* JAN mon  x", "x", null)]
    public void A_percent_sign_ends_the_command_and_begins_its_input(string line, string command, string? input)
    {
        var found = One(line);
        Assert.Equal((command, input), (found.Command, found.Input));
    }

    [Fact]
    public void A_zone_is_that_of_the_lines_below_it()
    {
        var crontab = Parse("@daily a\nCRON_TZ=Europe/Berlin\n@daily b\nCRON_TZ=\n@daily c\nCRON_TZ=no such\n@daily d\n");
        Assert.Equal([null, "Europe/Berlin", null, "unknown"], crontab.Lines.Select(line => line.Zone));
        Assert.StartsWith("root:6:9: CRON_TZ: 'no such': a zone is a name such as", Assert.Single(crontab.Problems).ToString());
    }

    [Theory]
    [InlineData("61 * * * * x", "root:1:1: minute: '61' is not between 0 and 59")]
    [InlineData("  0 0,25 * * * x", "root:1:7: hour: '25' is not between 0 and 23")]
    [InlineData("0 0 30 2 * x", "root:1:1: never comes: there is no such day in these months")]
    [InlineData("* * * *", "root:1:1: has 4 fields; five are expected: minute hour day month weekday")]
    [InlineData("* * * * *", "root:1:10: a command is expected behind the time")]
    [InlineData("* * * * * ", "root:1:10: a command is expected behind the time")]
    [InlineData("@dayly x", "root:1:1: '@dayly' is not one of @reboot, @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually; did you mean '@daily'?")]
    [InlineData("@daily", "root:1:7: a command is expected behind the time")]
    [InlineData("rm -rf /tmp/x", "root:1:1: is neither a variable (NAME=value) nor a job: minute hour day month weekday command")]
    [InlineData("A B=c", "root:1:1: is neither a variable (NAME=value) nor a job: minute hour day month weekday command")]
    [InlineData("A='b", "root:1:3: the quote is not closed")]
    [InlineData("LOGNAME=root", "root:1:1: warning: LOGNAME is always that of the user: passed over")]
    [InlineData("@daily x\r", "root:1:9: ends with a carriage return: write the file with line ends of Unix")]
    [InlineData("@daily \0", "root:1:8: has a byte that is zero: is this a text file?")]
    public void What_is_wrong_is_told_with_its_place(string line, string problem)
    {
        var crontab = Parse($"{line}\n@daily good\n");
        Assert.Equal(problem, Assert.Single(crontab.Problems).ToString());
        Assert.Equal("good", Assert.Single(crontab.Lines).Command);
        Assert.Equal(!problem.Contains("warning"), crontab.HasErrors);
    }

    [Theory]
    [InlineData("* * * * * root", "root:1:15: a user and a command are expected behind the time")]
    [InlineData("@daily", "root:1:7: a user and a command are expected behind the time")]
    [InlineData("what", "root:1:1: is neither a variable (NAME=value) nor a job: minute hour day month weekday user command")]
    public void A_crontab_of_the_system_wants_a_user(string line, string problem) => Assert.Equal(problem, Assert.Single(Parse(line, isSystem: true).Problems).ToString());

    [Fact]
    public void Bytes_that_are_no_text_do_not_become_another_command()
    {
        byte[] content = [.. "# \xFC is fine here\n"u8, .. "# "u8, 0xFC, (byte)'\n', .. "@daily echo "u8, 0xFC, (byte)'\n', .. "@daily \u00FC"u8];
        var crontab = Crontab.Parse("root", content, isSystem: false);
        Assert.Equal("root:3:1: is not UTF-8", Assert.Single(crontab.Problems).ToString());
        Assert.Equal("\u00FC", Assert.Single(crontab.Lines).Command);
        Assert.Equal("x", Assert.Single(Crontab.Parse("root", [0xEF, 0xBB, 0xBF, .. "@daily x"u8], isSystem: false).Lines).Command);
    }

    [Fact]
    public void A_line_keeps_its_name_when_others_change()
    {
        var before = Parse("0 2 * * * /usr/bin/backup --all\n0 3 * * * /usr/bin/backup --home\n@hourly A=secret x\n@hourly \"$HOME/bin/a b\"\n@daily same\n@weekly same\n@daily |\n");
        var names = before.Lines.Select(line => line.Name).ToArray();
        Assert.Matches("^backup-[0-9a-f]{6}$", names[0]);
        Assert.Matches("^backup-[0-9a-f]{6}$", names[1]);
        Assert.Matches("^job-[0-9a-f]{6}$", names[2]);
        Assert.Matches("^a-[0-9a-f]{6}$", names[3]);
        Assert.Equal($"{names[4]}-2", names[5]);
        Assert.Equal(names.Length, names.Distinct().Count());
        var after = Parse("# another\n@daily new\n30 2 * * * /usr/bin/backup --all\nA=b\n@hourly A=secret x\n");
        Assert.Equal([names[0], names[2]], after.Lines.Skip(1).Select(line => line.Name));
        Assert.InRange(One($"@daily /{new string('x', 500)}").Name.Length, 20, 24);
    }

    [Fact]
    public void Everything_has_a_limit()
    {
        var crontab = Parse(string.Concat(Enumerable.Range(0, 200).Select(i => $"V{i}=x\n* * * * * job{i}\n")));
        Assert.Equal((Crontab.MostJobs, Crontab.MostVariables), (crontab.Lines.Count, crontab.Lines[^1].Environment.Count));
        // The two hundredth problem is counted, and not written.
        Assert.Equal(21, crontab.Problems.Count);
        Assert.Contains("root:201:1: there are more than 100 variables", crontab.Problems.Select(problem => problem.ToString()));
        Assert.Equal("root: 180 more problems of this kind or another", crontab.Problems[^1].ToString());

        Assert.Equal("root: is larger than 64 KiB", Assert.Single(Parse(new string('#', Crontab.LargestFile + 1)).Problems).ToString());
        Assert.Empty(Parse(new string('\n', Crontab.LargestFile)).Problems);
        Assert.Equal(100, Parse(string.Concat(Enumerable.Repeat("@daily same\n", 5000))).Lines.Count);
    }

    [Fact]
    public void Whatever_is_thrown_at_it_it_says_something_and_keeps_its_bounds()
    {
        var random = new Random(20261122);
        string[] pieces = ["*", "5", "0-59", "/", ",", " ", "\t", "\n", "%", "\\%", "\\", "@daily", "@", "=", "'", "\"", "A", "SHELL=", "CRON_TZ=", "UTC", "#", "mon", "L", "\r", "\0", "\u00FC", "x", "-", "61"];
        for (int round = 0; round < 3000; round++)
        {
            var bytes = new List<byte>();
            int length = random.Next(200);
            for (int i = 0; i < length; i++)
            {
                if (random.Next(20) == 0) bytes.Add((byte)random.Next(256));
                else bytes.AddRange(Encoding.UTF8.GetBytes(random.Next(4) == 0 ? "* * * * * x\n" : pieces[random.Next(pieces.Length)]));
            }
            var crontab = Crontab.Parse("fuzz", bytes.ToArray(), random.Next(2) == 0);
            Assert.InRange(crontab.Problems.Count, 0, 21);
            Assert.All(crontab.Problems, problem => Assert.DoesNotContain(problem.ToString(), c => c is < ' ' or '\x7F'));
            Assert.All(crontab.Lines, line => Assert.DoesNotContain('\0', line.Command + line.Input + string.Concat(line.Environment.Values)));
            Assert.All(crontab.Lines, line => Assert.DoesNotContain('\n', line.Command));
            Assert.Equal(crontab.Lines.Count, crontab.Lines.Select(line => line.Name).Distinct().Count());
            Assert.All(crontab.Lines, line => Assert.Matches(@"^[A-Za-z0-9._-]{1,16}-[0-9a-f]{6}(-\d+)?$", line.Name));
        }
    }
}
