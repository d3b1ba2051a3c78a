namespace Dora.Tests.Harness;

/// <summary>
/// Clients of the API that nobody here wrote (tests/clients): curl, Python's http.client, Node's http, and one that is made
/// from the document that the API itself serves. Each is a program that talks to a socket and ends with 0.
/// </summary>
public static class Clients
{
    /// <summary>On a slow machine that has much else to do.</summary>
    static readonly TimeSpan s_limit = TimeSpan.FromSeconds(180);

    public static void Curl(string socket) => Check("curl", socket, Path.Combine(Folder, "curl.sh"));

    public static void Python(string socket) => Check("python", socket, "/usr/bin/python3", Path.Combine(Folder, "http_client.py"));

    public static void Node(string socket) => Check("node", socket, "node", Path.Combine(Folder, "node_http.mjs"));

    /// <summary>Makes types of the machine's own document, compiles a program with them and runs it.</summary>
    public static void Typed(string socket) => WithDocument(socket, (document, folder) =>
    {
        Programs.Run(s_limit, Path.Combine(Folder, "compile"), document, folder).Expect();
        Check("typed", socket, "node", Path.Combine(folder, "typed.js"));
    });

    /// <summary>Two public validators take the machine's own document for what it says it is.</summary>
    public static void Validate(string socket) => WithDocument(socket, (document, folder) =>
    {
        // A module finds its packages beside itself, or above.
        string packages = Programs.Run(s_limit, Path.Combine(Folder, "install")).Expect().Trim();
        File.Copy(Path.Combine(Folder, "validate.mjs"), Path.Combine(folder, "validate.mjs"));
        File.CreateSymbolicLink(Path.Combine(folder, "node_modules"), Path.Combine(packages, "node_modules"));
        Expect("validate", Programs.Run(s_limit, "node", Path.Combine(folder, "validate.mjs"), document));
    });

    static void WithDocument(string socket, Action<string, string> action)
    {
        string folder = Directory.CreateTempSubdirectory("pandora-client-").FullName;
        try
        {
            string document = Path.Combine(folder, "openapi.json");
            Programs.Run(TimeSpan.FromSeconds(30), "curl", "-sSf", "-m", "20", "--unix-socket", socket, "-o", document, "http://dora/v1/openapi.json").Expect();
            action(document, folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static void Check(string name, string socket, string program, params string[] arguments) =>
        Expect(name, Programs.Run(s_limit, program, [.. arguments, socket]));

    static void Expect(string name, Outcome outcome)
    {
        // The last line, so that a script which ends before its checks does not pass.
        if (outcome.ExitCode != 0 || !outcome.Output.StartsWith($"{name}: ", StringComparison.Ordinal))
            throw new InvalidOperationException($"{name}: exit code {outcome.ExitCode}\n{outcome.Output}{outcome.Errors}");
    }

    static string Folder
    {
        get
        {
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
                if (File.Exists(Path.Combine(folder.FullName, "Pandora.sln"))) return Path.Combine(folder.FullName, "tests/clients");
            throw new DirectoryNotFoundException($"no Pandora.sln above {AppContext.BaseDirectory}");
        }
    }
}
