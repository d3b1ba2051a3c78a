using System.Text.RegularExpressions;
using Dora.Boot.Tests.Harness;

namespace Dora.Boot.Tests;

/// <summary>
/// The harness itself, on a machine of one small C program: that it sees a panic, tells power-off from reset, gives up
/// in time, and leaves nothing behind. A harness that cannot fail proves nothing.
/// </summary>
public class HarnessTests
{
    static readonly TimeSpan s_boot = TimeSpan.FromSeconds(60);

    [Fact]
    public void Lines_are_read_without_escapes_and_typed_text_arrives()
    {
        using var machine = StartToy("toy-echo");
        machine.WaitForLine("^toy: ready$", s_boot);
        machine.Type("hello\n");
        machine.WaitForLine("^toy: got hello$", TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("one", "one")]
    [InlineData("\n", "")]
    [InlineData("one\ntwo\n", "two\n")]
    [InlineData("one\ntwo\nthree\nfo", "three\nfo")]
    public void The_last_lines_are_given_however_few_there_are(string written, string tail)
    {
        var transcript = new Transcript();
        transcript.Append(System.Text.Encoding.UTF8.GetBytes(written));
        Assert.Equal(tail, transcript.Tail(1));
    }

    [Theory]
    [InlineData("poweroff", "guest-shutdown")]
    [InlineData("reboot", "guest-reset")]
    public void Power_off_and_reset_are_told_apart(string command, string reason)
    {
        using var machine = StartToy("toy-" + command);
        machine.WaitForLine("^toy: ready$", s_boot);
        machine.Type(command + "\n");
        Assert.Equal(reason, machine.WaitForEnd(TimeSpan.FromSeconds(20), command));
    }

    [Fact]
    public void Panic_fails_a_wait_at_once_and_shows_the_transcript()
    {
        using var machine = StartToy("toy-panic");
        machine.WaitForLine("^toy: ready$", s_boot);
        machine.Type("die\n");
        var panic = Assert.Throws<MachineException>(() => machine.WaitForLine("^never$", TimeSpan.FromSeconds(60)));
        Assert.Contains("Attempted to kill init", panic.Message);
        Assert.Contains("toy: ready", panic.Message);
        Assert.Throws<MachineException>(() => machine.WaitForEnd(TimeSpan.FromSeconds(1), "panic"));
    }

    [Fact]
    public void A_line_that_does_not_come_fails_in_time_and_says_what_was_waited_for()
    {
        using var machine = StartToy("toy-silent");
        machine.WaitForLine("^toy: ready$", s_boot);
        var failure = Assert.Throws<MachineException>(() => machine.WaitForLine("^never$", TimeSpan.FromMilliseconds(300), "the moon"));
        Assert.Contains("the moon", failure.Message);
        Assert.Contains("within 0.3 s", failure.Message);
        Assert.Contains("toy: ready", failure.Message);
        Assert.Throws<MachineException>(() => machine.WaitForEnd(TimeSpan.FromMilliseconds(300), "nothing"));
        Assert.Throws<MachineException>(() => machine.WaitForSsh(TimeSpan.FromSeconds(1)));
        machine.CutPower();
        Assert.Contains("the machine ended", Assert.Throws<MachineException>(() => machine.WaitForLine("^never$", s_boot)).Message);
    }

    [Fact]
    public void Screen_is_read_as_text()
    {
        using var machine = StartToy("toy-screen", "console=ttyS0 console=tty0 panic=0");
        var end = DateTime.UtcNow + s_boot;
        while (!Regex.IsMatch(machine.ScreenText(), "toy: ready"))
        {
            Assert.True(DateTime.UtcNow < end, "the screen never showed `toy: ready`\n" + machine.ScreenText());
            Thread.Sleep(200);
        }
    }

    static Machine StartToy(string name, string commandLine = "console=tty0 console=ttyS0 panic=0 quiet") =>
        Machine.Start(new MachineOptions
        {
            Name = name, MemoryMb = 128, Iso = null, CommandLine = commandLine, Initramfs = s_initramfs.Value, Network = false,
        });

    static readonly Lazy<string> s_initramfs = new(() =>
    {
        string folder = Path.Combine(Artifacts.Out, "tests", "toy"), archive = Path.Combine(folder, "initramfs.cpio");
        Directory.CreateDirectory(Path.Combine(folder, "root"));
        File.Copy(Helpers.Compile("toy"), Path.Combine(folder, "root/init"), overwrite: true);
        Programs.Run(TimeSpan.FromSeconds(60), "sh", "-ec",
            "cd \"$1/root\"; mkdir -p dev; [ -e dev/console ] || mknod dev/console c 5 1; find . | cpio -o -H newc --quiet >\"$2\"",
            "sh", folder, archive).Expect();
        return archive;
    });
}
