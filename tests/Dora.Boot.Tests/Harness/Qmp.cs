using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;

namespace Dora.Boot.Tests.Harness;

/// <summary>QEMU's machine protocol: commands in order, events kept until somebody asks for them.</summary>
sealed class Qmp : IDisposable
{
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);
    readonly object _gate = new();
    readonly Socket _socket;
    readonly StreamReader _reader;
    readonly Queue<JsonElement> _answers = new();
    readonly List<JsonElement> _events = [];
    bool _closed;

    public Qmp(string path)
    {
        _socket = Sockets.ConnectUnix(path, s_limit);
        _reader = new StreamReader(new NetworkStream(_socket));
        _reader.ReadLine(); // the greeting
        new Thread(Read) { IsBackground = true, Name = "qmp" }.Start();
        Execute("qmp_capabilities");
    }

    /// <summary>The answer's "return"; an error of QEMU throws.</summary>
    public JsonElement Execute(string command, object? arguments = null)
    {
        string line = JsonSerializer.Serialize(new Dictionary<string, object?> { ["execute"] = command, ["arguments"] = arguments ?? new { } });
        lock (_gate)
        {
            _answers.Clear();
            _socket.Send(System.Text.Encoding.UTF8.GetBytes(line + "\n"));
            long start = Stopwatch.GetTimestamp();
            while (_answers.Count == 0)
            {
                if (_closed) throw new IOException($"qmp: {command}: QEMU is gone");
                var left = s_limit - Stopwatch.GetElapsedTime(start);
                if (left <= TimeSpan.Zero) throw new TimeoutException($"qmp: {command}: no answer within {s_limit.TotalSeconds} s");
                Monitor.Wait(_gate, left);
            }
            var answer = _answers.Dequeue();
            return answer.TryGetProperty("return", out var value) ? value : throw new InvalidOperationException($"qmp: {command}: {answer}");
        }
    }

    /// <summary>Waits for an event of that name, past or coming; null when it did not come in time.</summary>
    public JsonElement? WaitForEvent(string name, TimeSpan limit, Action? check = null)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            lock (_gate)
            {
                foreach (var e in _events)
                    if (e.GetProperty("event").GetString() == name) return e;
                if (_closed || Stopwatch.GetElapsedTime(start) >= limit) return null;
                Monitor.Wait(_gate, TimeSpan.FromMilliseconds(100));
            }
            check?.Invoke();
        }
    }

    void Read()
    {
        try
        {
            while (_reader.ReadLine() is { } line)
            {
                var element = JsonDocument.Parse(line).RootElement;
                lock (_gate)
                {
                    if (element.TryGetProperty("event", out _)) _events.Add(element);
                    else _answers.Enqueue(element);
                    Monitor.PulseAll(_gate);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or SocketException)
        {
            // QEMU ended, or we closed: the same thing for those who wait.
        }
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    public void Dispose() => _socket.Dispose();
}
