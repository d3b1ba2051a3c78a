using System.Text;
using Dora.Core.Linux;
using Dora.Init.Manager.MachineInfo;

namespace Dora.Init.Storage.Encryption;

/// <summary>
/// A question to whoever sits at the machine. It is asked on every console that the kernel writes to, since nobody knows before
/// which of screen and serial line somebody looks at; the first line that is typed on any of them counts. What is typed is not shown.
/// </summary>
internal sealed class ConsolePrompt : IDisposable
{
    private const string Active = "/sys/class/tty/console/active"; // Documentation/ABI/testing/sysfs-tty
    private const int LongestLine = 512;

    private readonly List<FileDescriptor> _consoles = [];
    private readonly List<Libc.termios> _before = [];
    private readonly TimeSpan _deadline;

    private ConsolePrompt(TimeSpan deadline) => _deadline = deadline;

    /// <summary>Null: there is none that can be typed on.</summary>
    /// <param name="deadline">Until when answers are waited for.</param>
    public static ConsolePrompt? Open(TimeSpan deadline)
    {
        var prompt = new ConsolePrompt(deadline);
        foreach (string name in (SystemText.Line(Active) ?? "console").Split(' '))
        {
            if (Sys.Open($"/dev/{name}", Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_NONBLOCK, 0, out var console) != Errno.None) continue;
            if (Sys.GetTerminal(console, out var settings) == Errno.None)
            {
                prompt._before.Add(settings);
                settings.c_lflag = (settings.c_lflag | Libc.ICANON | Libc.ECHONL) & ~Libc.ECHO;
                settings.c_iflag |= Libc.ICRNL;
                _ = Sys.SetTerminal(console, settings);
                prompt._consoles.Add(console);
            }
            else console.Dispose();
        }
        return prompt._consoles.Count > 0 ? prompt : null;
    }

    public void Say(string text)
    {
        // A console that takes nothing (a stopped terminal) misses it.
        foreach (var console in _consoles) _ = Sys.Write(console, Encoding.UTF8.GetBytes(text.Replace("\n", "\r\n")), out _);
    }

    /// <summary>Null with an answer that is not empty; else why there is none.</summary>
    public string? Ask(string question, out byte[] answer)
    {
        answer = [];
        var line = new byte[LongestLine];
        Span<Libc.pollfd> fds = stackalloc Libc.pollfd[_consoles.Count];
        for (int i = 0; i < fds.Length; i++)
        {
            // What was typed before the question is no answer to it.
            while (Sys.Read(_consoles[i], line, out int old) == Errno.None && old > 0) { }
            fds[i] = new Libc.pollfd { fd = _consoles[i].Number, events = (short)Libc.EPOLLIN };
        }
        Say(question);
        int listening = fds.Length;
        while (true)
        {
            var errno = Sys.Poll(fds, _deadline);
            if (errno == Errno.EINTR) continue;
            if (errno != Errno.None) return $"wait for the console: {errno.Describe()}";
            for (int i = 0; i < fds.Length; i++)
            {
                if (fds[i].revents == 0) continue;
                errno = Sys.Read(_consoles[i], line, out int count);
                if (errno is Errno.EAGAIN or Errno.EINTR) continue;
                if (errno != Errno.None || count == 0)
                {
                    fds[i].fd = -1; // hung up: poll(2) passes it over
                    if (--listening == 0) return "every console has hung up";
                    continue;
                }
                var typed = line.AsSpan(0, count).TrimEnd("\r\n"u8);
                answer = typed.ToArray();
                typed.Clear();
                return answer.Length > 0 ? null : "no passphrase was given";
            }
            if (Sys.TimeSinceBoot() >= _deadline) return $"nobody has typed the passphrase within {StorageKey.Patience.TotalMinutes:0} minutes";
        }
    }

    public void Dispose()
    {
        for (int i = 0; i < _consoles.Count; i++)
        {
            _ = Sys.SetTerminal(_consoles[i], _before[i]);
            _consoles[i].Dispose();
        }
    }
}
