using System.Text;

namespace Dora.Boot.Tests.Harness;

public sealed partial class Machine
{
    int _commands;

    /// <summary>Types text on the serial line.</summary>
    public void Type(string text) => _serial.Send(Encoding.UTF8.GetBytes(text));

    /// <summary>
    /// Runs a command in the shell of the serial line and gives its output and exit code. The marks around the output
    /// are typed in two halves, so that the echo of what is typed does not look like them.
    /// </summary>
    public Outcome Console(string command, TimeSpan? limit = null)
    {
        string mark = $"{++_commands}";
        int from = Transcript.End;
        Type($"echo be''gin-{mark}; {command}; s=$?; echo; echo en''d-{mark}:$s\n");
        var match = Transcript.WaitFor($@"^begin-{mark}\n((?s:.*?))\n?^end-{mark}:(\d+)$", limit ?? TimeSpan.FromSeconds(60),
            $"{Name}: the end of `{command}` on the serial console", from);
        return new Outcome(int.Parse(match.Groups[2].Value), match.Groups[1].Value.TrimEnd('\n'), "");
    }

    /// <summary>Waits for the shell that the serial console starts; presses Enter until it answers.</summary>
    public void WaitForConsole(TimeSpan? limit = null)
    {
        var end = DateTime.UtcNow + (limit ?? BootLimit);
        while (true)
        {
            string mark = $"{++_commands}";
            int from = Transcript.End;
            Type($"\necho rea''dy-{mark}\n");
            try
            {
                Transcript.WaitFor($"^ready-{mark}$", TimeSpan.FromSeconds(3), $"{Name}: a shell on the serial console", from);
                return;
            }
            catch (MachineException) when (DateTime.UtcNow < end)
            {
                Transcript.FailOnPanic("a shell on the serial console");
            }
        }
    }
}
