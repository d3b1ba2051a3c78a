using System.Net.Sockets;
using System.Text;
using Dora.Core.Linux;
using Dora.Ctl.Commands;
using Dora.Ctl.Output;

namespace Dora.Ctl.Tests.Commands;

/// <summary>Answers each path with bytes given beforehand, one connection each, and runs dora against itself.</summary>
internal sealed class CannedServer : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dora-ctl-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly Thread _thread;
    private readonly Dictionary<string, TimeSpan> _late = [];
    private readonly List<Thread> _answering = [];

    public CannedServer()
    {
        _listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _listener.Listen(8);
        _thread = new Thread(Serve);
        _thread.Start();
    }

    public string SocketPath => Path.Combine(_folder, "s");

    /// <summary>Raw answers by request line start; several for one are given one after the other, the last for ever.</summary>
    public Dictionary<string, Queue<string>> Answers { get; } = [];

    public List<string> Requests { get; } = [];

    /// <summary>The same with head and body, as far as it came in one piece.</summary>
    public List<string> Whole { get; } = [];

    public void Add(string request, int status, string json) => AddRaw(request,
        $"HTTP/1.1 {status} x\r\nContent-Length: {Encoding.UTF8.GetByteCount(json)}\r\n\r\n{json}");

    /// <summary>Answers after a while; others are answered meanwhile.</summary>
    public void AnswerLate(string request, TimeSpan after, int status, string json)
    {
        Add(request, status, json);
        _late[request] = after;
    }

    /// <summary>Closes connections that ask for the version without an answer.</summary>
    public bool DropsProbes { get; set; }

    public void AddRaw(string request, string answer)
    {
        if (!Answers.TryGetValue(request, out var queue)) Answers[request] = queue = new();
        queue.Enqueue(answer);
    }

    public (int Code, string Out, string Error) Dora(params string[] arguments)
    {
        var (code, output, error) = Run([.. arguments, "--socket", SocketPath]);
        return (code, output, error);
    }

    public static (int Code, string Out, string Error) Run(params string[] arguments)
    {
        Sys.MakeMemoryFile("out", out var output).ThrowIfError("memfd_create");
        Sys.MakeMemoryFile("err", out var error).ThrowIfError("memfd_create");
        using (output)
        using (error)
        {
            int code = CommandLine.Run(arguments, Screen.Of(output), Screen.Of(error));
            return (code, Content(output), Content(error));
        }
    }

    private static string Content(FileDescriptor fd)
    {
        byte[] buffer = new byte[1 << 20];
        Sys.ReadAt(fd, buffer, 0, out int count).ThrowIfError("pread");
        return Encoding.UTF8.GetString(buffer, 0, count);
    }

    private void Serve()
    {
        try
        {
            while (true)
            {
                var client = _listener.Accept();
                byte[] buffer = new byte[65536];
                int count = client.Receive(buffer);
                string whole = Encoding.UTF8.GetString(buffer, 0, count), line = whole.Split(" HTTP/1.1")[0];
                // Head and body are written one after the other.
                if (whole.EndsWith("\r\n\r\n", StringComparison.Ordinal) && !whole.Contains("Content-Length: 0") && whole.Contains("Content-Length"))
                    whole += Encoding.UTF8.GetString(buffer, 0, client.Receive(buffer));
                lock (Requests)
                {
                    Requests.Add(line);
                    Whole.Add(whole);
                }
                if (_late.TryGetValue(line, out var after))
                {
                    var thread = new Thread(() =>
                    {
                        Thread.Sleep(after);
                        Answer(client, line);
                    });
                    thread.Start();
                    _answering.Add(thread);
                }
                else Answer(client, DropsProbes && line == "GET /v1/version" ? "" : line);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Dispose closed the listener.
        }
    }

    private void Answer(Socket client, string line)
    {
        using (client)
        {
            string? text = null;
            lock (Answers)
                if (Answers.TryGetValue(line, out var answers)) text = answers.Count > 1 ? answers.Dequeue() : answers.Peek();
            if (text is not null) client.Send(Encoding.UTF8.GetBytes(text));
        }
    }

    public void Dispose()
    {
        _listener.Close();
        _thread.Join();
        foreach (var thread in _answering) thread.Join();
        Directory.Delete(_folder, recursive: true);
    }
}
