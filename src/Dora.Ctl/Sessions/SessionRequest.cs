using System.Text;
using Dora.Core.Client;
using Dora.Ctl.Commands;

namespace Dora.Ctl.Sessions;

/// <summary>What <c>dora exec</c>, <c>shell</c> and <c>run -t</c> ask for: how, as a query; what, as a service file.</summary>
internal sealed record SessionRequest
{
    public string? Service { get; init; }
    public string? Name { get; init; }
    public bool IsTerminal { get; init; }
    public bool HasInput { get; init; } = true;
    public bool IsDetachable { get; init; }
    public required RunRequest Run { get; init; }

    public string ToQuery((ushort Rows, ushort Columns)? window)
    {
        var query = new StringBuilder();
        void Add(string name, string value) => query.Append(query.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        if (Service is not null) Add("service", Service);
        if (Name is not null) Add("name", Name);
        if (IsTerminal) Add("tty", "true");
        if (!HasInput) Add("stdin", "false");
        if (IsDetachable) Add("detachable", "true");
        if (IsTerminal) AddWindow(Add, window);
        return query.ToString();
    }

    public static void AddWindow(Action<string, string> add, (ushort Rows, ushort Columns)? window)
    {
        if (window is not var (rows, columns)) return;
        add("rows", rows.ToString());
        add("columns", columns.ToString());
    }

    public byte[] ToJson() => WithTerminalName().ToJson();

    // The programs of the other side draw on our terminal.
    private RunRequest WithTerminalName()
    {
        if (!IsTerminal || Environment.GetEnvironmentVariable("TERM") is not { Length: > 0 } terminal) return Run;
        foreach (string variable in Run.Variables)
            if (variable.StartsWith("TERM=", StringComparison.Ordinal)) return Run;
        return Run with { Variables = [.. Run.Variables, $"TERM={terminal}"] };
    }

    public DoraSession Open(DoraClient client) => client.OpenSession(ToQuery(IsTerminal ? SessionClient.WindowSize() : null), ToJson());
}
