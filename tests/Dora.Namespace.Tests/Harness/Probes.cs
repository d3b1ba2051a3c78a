namespace Dora.Namespace.Tests.Harness;

/// <summary>
/// One init with many oneshots, each a shell script under settings of its own whose output goes to a file: what a
/// service finds, asked from inside. Made once for a class of tests.
/// </summary>
public abstract class Probes : IDisposable
{
    readonly Dictionary<string, string> _services = [];
    readonly Dictionary<string, string> _scripts = [];
    InitInNamespace? _init;

    public InitInNamespace Init => _init ?? throw new InvalidOperationException("not started");

    /// <summary>A oneshot that runs a script; what it prints is <see cref="Told"/>.</summary>
    protected void Add(string name, string settings, string script)
    {
        // set +e: what fails is part of what is told.
        _scripts.Add(name, $"exec 2>&1\n{script}\nexit 0\n");
        _services.Add(name, $"type: oneshot\nrestart: never\ncommand: [/bin/sh, /pandora/{name}.sh]\nstdout: truncate:/told/{name}\n{settings}");
    }

    protected void AddService(string name, string text) => _services.Add(name, text);

    protected void Start(Action<string>? prepare = null) => _init = new InitInNamespace(_services, files =>
    {
        Directory.CreateDirectory(Path.Combine(files, "told"));
        foreach (var (name, script) in _scripts) File.WriteAllText(Path.Combine(files, "pandora", name + ".sh"), script);
        prepare?.Invoke(files);
    });

    /// <summary>What a probe has printed; waits until it is done.</summary>
    public string Told(string name)
    {
        var service = Init.WaitForService(name, service => service.State is "done" or "failed");
        string file = Init.Inside($"/told/{name}");
        string text = File.Exists(file) ? File.ReadAllText(file) : "";
        return service.State == "done" ? text : throw new InvalidOperationException($"{name}: {service.Reason}\n{text}\n{Init.Story()}");
    }

    public string[] ToldLines(string name) => Told(name).TrimEnd('\n').Split('\n');

    /// <summary>Why it could not be started.</summary>
    public string Failure(string name) => Init.WaitForState(name, "failed").Reason;

    public void Dispose()
    {
        _init?.Dispose();
        GC.SuppressFinalize(this);
    }
}
