using System.Net.Sockets;
using System.Text;
using Dora.Core.Protocol;
using Dora.Namespace.Tests.Harness;

namespace Dora.Namespace.Tests;

/// <summary>One init for all tests of interactive sessions: a service with little of its own, and one in namespaces of its own.</summary>
public sealed class SessionFixture : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public SessionFixture()
    {
        Init = new InitInNamespace(new Dictionary<string, string>
        {
            ["syslog"] = "command: [/pandora/syslog]\nlogger: true\nrestart: always\n",
            ["web"] = "command: [/bin/sleep, '100000']\nuser: plain\nenvironment: {WORD: kept}\ndirectory: /usr\numask: 027\nprivate-tmp: true\nno-new-privileges: true\ncapabilities: [chown]\nrlimits: {nofile: 333}\n",
            ["box"] = "command: [/usr/bin/unshare, --mount, --pid, --uts, --ipc, --fork, --mount-proc, /bin/sh, -c, 'hostname in-the-box; sleep 100000']\n",
            ["alone"] = "command: [/bin/sleep, '100000']\nuser: plain\nprivate-users: true\nprivate-network: true\nprivate-devices: true\n",
            ["bare"] = "command: [/sleep, '100000']\nroot: /bare\nstart: demand\n",
        }, files =>
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Harness/terminal.py"), Path.Combine(files, "pandora/terminal.py"));
            Directory.CreateDirectory(Path.Combine(files, "bare"));
        });
        Init.WaitForSyslog();
        Init.WaitForState("web", "running");
        Init.WaitForState("alone", "running");
        Init.WaitFor("the box", () => Init.ProcessesIn("dora/services/box").Any(pid => InitInNamespace.CommandLine(pid) == "sleep 100000"));
    }

    public InitInNamespace Init { get; }

    public Outcome Dora(string arguments, string? input = null) => Init.Run($"cd /tmp && /pandora/dora {arguments}", s_limit, input);

    /// <summary>dora in the background: its pid, output, errors and exit code are in /run/NAME.pid, .out, .err and .code.</summary>
    public void InBackground(string name, string arguments) => Init.Run(
        $"(env --default-signal=INT /pandora/dora {arguments} >/run/{name}.out 2>/run/{name}.err & echo $! >/run/{name}.pid; wait $!; echo $? >/run/{name}.code) </dev/null >/dev/null 2>&1 &").Expect();

    /// <summary>What is in one of these files; empty as long as it is not there.</summary>
    public string Text(string file) => File.Exists(Init.Inside($"/run/{file}")) ? File.ReadAllText(Init.Inside($"/run/{file}")) : "";

    /// <summary>The exit code of dora in the background.</summary>
    public string CodeOf(string name) => Init.WaitFor($"the end of {name}", () => Text($"{name}.code") is { Length: > 0 } code ? code.Trim() : null)!;

    /// <summary>Runs a scenario of terminal.py; what it prints.</summary>
    public string Drive(string scenario) =>
        Init.Run("cd /pandora && python3 -c 'import sys; sys.dont_write_bytecode = True; from terminal import *; exec(sys.stdin.read())'", s_limit, scenario).Expect();

    /// <summary>A connection to the API with a request written to it, and what comes behind that in the same write.</summary>
    public Socket Ask(string path, string body = "", byte[]? behind = null, string fields = "Connection: Upgrade\r\nUpgrade: dora-frames\r\n")
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Init.Inside("/run/dora/dora.sock")));
        byte[] head = Encoding.UTF8.GetBytes($"POST {path} HTTP/1.1\r\nHost: dora\r\n{fields}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");
        socket.Send([.. head, .. behind ?? []]);
        return socket;
    }

    /// <summary>What comes, up to its end or until there is enough.</summary>
    public static byte[] Read(Socket socket, Func<byte[], bool>? isEnough = null, double seconds = 20)
    {
        var all = new MemoryStream();
        var buffer = new byte[64 * 1024];
        while (isEnough?.Invoke(all.ToArray()) != true)
        {
            if (!socket.Poll(TimeSpan.FromSeconds(seconds), SelectMode.SelectRead)) throw new TimeoutException($"nothing came behind: {Encoding.Latin1.GetString(all.ToArray())}");
            int count;
            try
            {
                count = socket.Receive(buffer);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                break; // the end of whoever had not read all
            }
            if (count == 0) break;
            all.Write(buffer, 0, count);
        }
        return all.ToArray();
    }

    /// <summary>Head of the answer, and the frames behind it as "type:content" in Latin-1.</summary>
    public static (string Head, List<string> Frames) Split(byte[] answer)
    {
        string text = Encoding.Latin1.GetString(answer);
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0) throw new InvalidDataException(text);
        var frames = new List<string>();
        for (int at = end + 4; text.StartsWith("HTTP/1.1 101", StringComparison.Ordinal) && at < answer.Length;)
        {
            int length = System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(at + 4));
            frames.Add($"{answer[at]}:{text.Substring(at + 8, length)}");
            at += 8 + length;
        }
        return (text[..(end + 4)], frames);
    }

    internal static byte[] Frame(SessionFrameType type, string content) => SessionFrame.Of(type, Encoding.Latin1.GetBytes(content));

    /// <summary>Pids on the host of what runs in the cgroup of a session.</summary>
    public IReadOnlyList<int> ProcessesOf(string session) => Init.ProcessesIn($"dora/jobs/{session}");

    public void Dispose() => Init.Dispose();
}
