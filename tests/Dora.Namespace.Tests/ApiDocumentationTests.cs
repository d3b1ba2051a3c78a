using System.Text;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>
/// Issue 4: "short tested examples for shell with curl and jq, Python's standard library, and Node in docs/api/". What is run is
/// what stands there: the blocks of a page are one program. Only the socket's path is another: the programs run on the
/// host, where they are installed.
/// </summary>
public class ApiDocumentationTests
{
    static readonly Dictionary<string, string> s_services = new()
    {
        ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
        ["web"] = Scripts.Service("echo web is here; exec sleep 100000"),
    };

    [Theory]
    [InlineData("shell.md", "sh", "sh", 11)]
    [InlineData("python.md", "python", "/usr/bin/python3", 7)]
    [InlineData("node.md", "js", "node", 7)]
    public void A_page_is_a_program_that_works(string page, string language, string interpreter, int blocks)
    {
        using var init = new InitInNamespace(s_services, files =>
            File.AppendAllText(Path.Combine(files, "etc/passwd"), "nobody:x:65534:65534:nobody:/:/bin/false\n"));
        init.WaitForSyslog();
        init.WaitForState("web", "running");
        string folder = Directory.CreateTempSubdirectory("pandora-page-").FullName;
        try
        {
            var program = Blocks(File.ReadAllLines(Path.Combine(InitInNamespace.Repository(), "docs/api", page)), language);
            Assert.Equal(blocks, program.Count);
            string file = Path.Combine(folder, language == "js" ? "page.mjs" : "page");
            File.WriteAllText(file, (language == "sh" ? "set -eu\n" : "") + string.Join('\n', program).Replace("/run/dora/dora.sock", init.Inside("/run/dora/dora.sock")));
            string said = Programs.Run(TimeSpan.FromSeconds(60), interpreter, file).Expect();
            Assert.Matches(@"web[ \t]running[ \t]\d+", said); // the list
            Assert.Contains("service.not-found: wbe: there is no such service", said);
            Assert.Matches(@"\d+[ \t]web[ \t]\S+[ \t](-> )?running", said); // an event
            Assert.Contains("made\n", said); // the command's log
            Assert.Contains("failed", said); // and its end
            Assert.Contains("3", said);
            Assert.Contains("pandora_service_failed{service=\"web\"} 0", said);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What stands between ```LANGUAGE and ```, when nothing is behind the language.</summary>
    static List<string> Blocks(string[] page, string language)
    {
        var blocks = new List<string>();
        StringBuilder? block = null;
        foreach (string line in page)
        {
            if (block is null && line == "```" + language) block = new StringBuilder();
            else if (block is not null && line == "```")
            {
                blocks.Add(block.ToString());
                block = null;
            }
            else block?.Append(line).Append('\n');
        }
        return blocks;
    }
}
