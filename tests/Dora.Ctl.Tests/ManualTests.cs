using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Dora.Core.Client;
using Dora.Core.Linux;
using Dora.Ctl.Commands;
using Dora.Ctl.Output;
using Xunit;

namespace Dora.Ctl.Tests;

/// <summary>The manual against the tree of commands, and the pages that are made of it.</summary>
public sealed partial class ManualTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-manual-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static readonly string s_pages = string.Join('\n', Directory.GetFiles(Repository.File("docs/man"), "dora*.1.md").Order().Select(File.ReadAllText));

    private static IEnumerable<(string Path, Command Command)> Commands(Command command, string path)
    {
        yield return (path, command);
        foreach (var sub in command.Subcommands.Where(sub => !sub.Hidden))
            foreach (var below in Commands(sub, $"{path} {sub.Name}")) yield return below;
    }

    private static RootCommand Tree() => CommandLine.Build(Screen.Of(new FileDescriptor(1)), Screen.Of(new FileDescriptor(2)));

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z-]*")]
    private static partial Regex LongOption();

    [Fact]
    public void Every_command_is_in_the_manual()
    {
        Assert.True(Commands(Tree(), "dora").Count() > 25, "the tree was not walked");
        Assert.DoesNotContain(Commands(Tree(), "dora").Skip(1), command => !Regex.IsMatch(s_pages, $@"[*`|, ]{Regex.Escape(command.Command.Name)}[*`|, \n]"));
    }

    [Fact]
    public void Every_option_is_in_the_manual() =>
        Assert.DoesNotContain(Commands(Tree(), "dora").SelectMany(command => command.Command.Options).Where(option => !option.Hidden).Select(option => option.Name),
            name => !s_pages.Contains($"`{name}"));

    [Fact]
    public void The_manual_has_no_option_that_there_is_not()
    {
        var known = Commands(Tree(), "dora").SelectMany(command => command.Command.Options).SelectMany(option => option.Aliases.Append(option.Name)).ToHashSet();
        Assert.Empty(LongOption().Matches(s_pages).Select(match => match.Value).Distinct().Except(known));
    }

    [Fact]
    public void Every_command_has_a_page_and_dora_shows_it()
    {
        Build();
        foreach (var (path, _) in Commands(Tree(), "dora").Where(command => command.Path.Split(' ').Length == 2))
        {
            string name = path.Split(' ')[1];
            if (name is "version" or "completion" or "help") continue; // in dora(1) as a whole
            Assert.StartsWith(name == "init" ? "init(8)" : "dora-", Help(name));
        }
        Assert.StartsWith("dora(1)", Help("dora"));
        Assert.StartsWith("dora-service(1)", Help("service"));
        Assert.StartsWith("dora-service(5)", Help("dora-service.5"));
        var failure = Assert.Throws<CommandFailure>(() => Help("../cat1/dora"));
        Assert.Contains("there is no page", failure.Message);
    }

    private string Help(string topic)
    {
        Sys.MakeMemoryFile("out", out var fd).ThrowIfError("memfd_create");
        using (fd)
        {
            var screen = new Screen(fd, isTerminal: false, colour: false);
            Assert.Equal(0, HelpCommand.Run(new Context(new DoraClient(), screen, screen, false), topic, _folder));
            return screen.Take();
        }
    }

    [Fact]
    public void The_pages_are_clean_and_readable()
    {
        Build();
        string[] pages = [.. Directory.GetFiles(_folder, "*", SearchOption.AllDirectories)];
        string[] sources = [.. pages.Where(page => page.Contains("/man"))];
        Assert.True(sources.Length >= 13, string.Join(' ', sources));
        Assert.Equal("", Run("mandoc", ["-Tlint", "-W", "warning", .. sources]));
        foreach (string page in pages.Where(page => page.Contains("/cat")))
        {
            string text = File.ReadAllText(page);
            Assert.Contains("NAME", text);
            Assert.DoesNotContain('\b', text);
            Assert.DoesNotContain("\\f", text);
        }
    }

    private void Build() => Assert.Equal("", Run("/bin/sh", [Repository.File("docs/man/build"), _folder]));

    private static string Run(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : $"exit code {process.ExitCode}: {output}";
    }
}
