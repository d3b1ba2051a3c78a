using System.Globalization;
using System.Text;
using Dora.Core.Protocol;

namespace Dora.Ctl.Output;

/// <summary>
/// The boot as a picture (SVG 1.1 with a style sheet): time from left to right, one row for each stage and each service, the
/// phases as a band above, the chain that determined the end joined by lines. The same report gives the same bytes. Colours
/// follow the viewer's (prefers-color-scheme); a viewer that knows no such thing shows the light ones.
/// </summary>
internal sealed class BootPlot
{
    private const int Width = 1120, Left = 190, Right = 150, Top = 64, Row = 22, Bar = 14, Gap = 30;

    // Light, then dark. The critical path is told by its outline and lines as well: colour is not all that people see.
    private const string Style = """
        text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;fill:#24292f}
        .title{font-size:17px;font-weight:600}.head{font-size:11px;font-weight:600;fill:#57606a;letter-spacing:.06em}
        .soft,.tick{fill:#6e7781;font-size:11px}.name{text-anchor:end}.tick{text-anchor:middle}.strong{font-weight:600}
        .back{fill:#ffffff}.grid{stroke:#d8dee4;stroke-width:1}.stripe{fill:#f6f8fa}
        .kernel{fill:#8b949e}.initramfs{fill:#8250df}.manager{fill:#0969da}.up{fill:#2da44e}.bad{fill:#cf222e}.coming{fill:#bf8700}.open{fill-opacity:.45}
        .decides{stroke:#e16f24;stroke-width:2}.chain{stroke:#e16f24;stroke-width:1.5;fill:none}.chainend{fill:#e16f24}
        .ready{stroke:#e16f24;stroke-width:1.5;stroke-dasharray:4 3}.onband{fill:#ffffff;font-size:11px;font-weight:600;text-anchor:middle}
        @media (prefers-color-scheme:dark){text{fill:#e6edf3}.head,.soft,.tick{fill:#8d96a0}.back{fill:#0d1117}.grid{stroke:#30363d}
        .stripe{fill:#161b22}.kernel{fill:#6e7681}.initramfs{fill:#a371f7}.manager{fill:#388bfd}.up{fill:#3fb950}.bad{fill:#f85149}
        .coming{fill:#d29922}.decides,.chain,.ready{stroke:#f0883e}.chainend{fill:#f0883e}.onband{fill:#0d1117}}
        """;

    private readonly BootReport _boot;
    private readonly string _title;
    private readonly long _end;
    private readonly StringBuilder _svg = new();
    private int _y = Top;
    private bool _isOdd;

    private BootPlot(BootReport boot, string title)
    {
        _boot = boot;
        _title = title;
        long end = boot.ReadyMs ?? boot.HandoverMs;
        foreach (var stage in boot.Stages) end = Math.Max(end, stage.EndMs ?? stage.StartMs);
        foreach (var service in boot.Services) end = Math.Max(end, service.ReadyMs ?? service.StartedMs ?? 0);
        _end = Math.Max(end, 1);
    }

    public static string Draw(BootReport boot, string title) => new BootPlot(boot, title).Draw();

    private string Draw()
    {
        var path = BootPath.Of(_boot);
        var services = new List<BootService>();
        var absent = new List<string>();
        foreach (var service in _boot.Services)
        {
            if (service.StartedMs is null) absent.Add(service.Name);
            else services.Add(service);
        }
        int height = Top + 34 + Gap + (_boot.Stages.Count * Row) + Gap + (services.Count * Row) + (absent.Count > 0 ? Row : 0) + 56;
        Line($"""<svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" role="img" aria-label="{Escape(_title)}">""");
        Line($"<style>{Style}</style>");
        Line($"""<rect class="back" width="{Width}" height="{height}"/>""");
        Text(20, 30, "title", _title);
        Text(20, 48, "soft", Summary());
        DrawAxis(height - 50);
        DrawPhases();
        Heading("STAGES");
        foreach (var stage in _boot.Stages) DrawStage(stage);
        if (services.Count > 0) Heading("SERVICES");
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            places[service.Name] = _y;
            DrawService(service, path.Contains(service));
        }
        DrawChain(path, places);
        if (absent.Count > 0) Text(Left, _y + 15, "soft", $"not started: {string.Join(", ", absent)}");
        if (_boot.ReadyMs is { } ready)
            Line($"""<line class="ready" x1="{X(ready)}" y1="{Top + 12}" x2="{X(ready)}" y2="{height - 50}"/>""");
        DrawLegend(height - 18);
        Line("</svg>");
        return _svg.ToString();
    }

    private string Summary() => _boot.ReadyMs is { } ready
        ? $"ready {Words.Seconds(ready)} s after the kernel started, {Words.Seconds(ready - _boot.HandoverMs)} s after it started init"
        : "not ready yet";

    private void DrawAxis(int bottom)
    {
        long step = StepFor(_end);
        for (long at = 0; at <= _end; at += step)
        {
            Line($"""<line class="grid" x1="{X(at)}" y1="{Top + 12}" x2="{X(at)}" y2="{bottom}"/>""");
            Text(X(at), Top + 6, "tick", step >= 1000 ? $"{at / 1000} s" : $"{(at / 1000.0).ToString("0.0##", CultureInfo.InvariantCulture)} s");
        }
    }

    /// <summary>A round step that gives at most 12 lines.</summary>
    private static long StepFor(long end)
    {
        for (long power = 1; ; power *= 10)
            foreach (int factor in new[] { 1, 2, 5 })
                if (end / (factor * power) < 12) return factor * power;
    }

    /// <summary>From the first stage of a phase to its last: the band above the rows.</summary>
    private void DrawPhases()
    {
        _y = Top + 18;
        foreach (string phase in new[] { "kernel", "initramfs", "manager" })
        {
            long? start = null, end = null;
            foreach (var stage in _boot.Stages)
            {
                if (stage.Phase != phase) continue;
                start = Math.Min(start ?? long.MaxValue, stage.StartMs);
                end = Math.Max(end ?? 0, stage.EndMs ?? stage.StartMs);
            }
            if (phase == "manager" && start is not null) end = Math.Max(end!.Value, _boot.ReadyMs ?? _end);
            if (start is not { } from || end is not { } to) continue;
            double width = Length(from, to);
            Line($"""<rect class="{phase}" x="{X(from)}" y="{_y}" width="{N(width)}" height="18" rx="3"><title>{phase}: {Words.Seconds(from)} s to {Words.Seconds(to)} s</title></rect>""");
            if (width > 60) Text(N(double.Parse(X(from), CultureInfo.InvariantCulture) + (width / 2)), _y + 13, "onband", phase);
        }
        _y += 18;
    }

    private void Heading(string text)
    {
        _y += Gap;
        Text("20", _y - 8, "head", text);
        _isOdd = false;
    }

    private void DrawStage(BootStage stage)
    {
        Stripe();
        Name(stage.Name, isStrong: false);
        long end = stage.EndMs ?? _end;
        string kind = stage.EndMs is null ? "coming" : stage.Phase is "kernel" or "initramfs" or "manager" ? stage.Phase : "kernel";
        string words = stage.EndMs is null ? "..." : Took(end - stage.StartMs);
        Box(kind, stage.StartMs, end, isDeciding: false, $"{stage.Name}: {words}{(stage.Detail is { } detail ? $", {detail}" : "")}");
        After(end, stage.Detail is { Length: > 0 } found ? $"{words} \u00b7 {found}" : words);
        _y += Row;
    }

    private void DrawService(BootService service, bool isDeciding)
    {
        Stripe();
        Name(service.Name, isDeciding);
        long start = service.StartedMs ?? 0, end = service.ReadyMs ?? _end;
        // Where it has no end we know only when it began: paler, as far as the picture goes.
        string kind = (Words.ToneOf(service.State) == Tone.Bad ? "bad" : service.ReadyMs is null ? "coming" : "up") + (service.ReadyMs is null ? " open" : "");
        string words = service.ReadyMs is { } ready ? $"{Took(ready - start)}{(kind.StartsWith("bad", StringComparison.Ordinal) ? $" \u00b7 {service.State}" : "")}" : service.State;
        Box(kind, start, end, isDeciding, $"{service.Name}: {service.State}, started at {Words.Seconds(start)} s, {words}");
        After(end, words);
        _y += Row;
    }

    /// <summary>From the end of one bar of the chain to the begin of the next.</summary>
    private void DrawChain(IReadOnlyList<BootService> path, Dictionary<string, int> places)
    {
        for (int i = 1; i < path.Count; i++)
        {
            if (!places.TryGetValue(path[i - 1].Name, out int from) || !places.TryGetValue(path[i].Name, out int to)) continue;
            string x1 = X(path[i - 1].ReadyMs ?? 0), x2 = X(path[i].StartedMs ?? 0);
            int y1 = from + (Row / 2), y2 = to + (Row / 2);
            Line($"""<path class="chain" d="M{x1} {y1}V{y2}H{x2}"/><circle class="chainend" cx="{x2}" cy="{y2}" r="3"/>""");
        }
    }

    private void DrawLegend(int y)
    {
        int x = Left;
        foreach (var (kind, words) in new[] { ("up", "service, from its start until it was ready"), ("coming", "not ready"), ("bad", "failed") })
        {
            Line($"""<rect class="{kind}" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>""");
            Text(x + 18, y, "soft", words);
            x += 40 + (words.Length * 6);
        }
        Line($"""<rect class="up decides" x="{x}" y="{y - 10}" width="12" height="12" rx="2"/>""");
        Text(x + 18, y, "soft", "chain that decided when all were ready (dashed line)");
    }

    private void Stripe()
    {
        _isOdd = !_isOdd;
        // Behind the lines of time, which are drawn already: so nothing but a hint of grey.
        if (_isOdd) Line($"""<rect class="stripe" x="20" y="{_y}" width="{Width - 40}" height="{Row}" opacity=".55"/>""");
    }

    private void Name(string name, bool isStrong) => Text(Left - 12, _y + 15, isStrong ? "name strong" : "name", Shortened(name, 23));

    private void Box(string kind, long start, long end, bool isDeciding, string title) => Line(
        $"""<rect class="{kind}{(isDeciding ? " decides" : "")}" x="{X(start)}" y="{_y + ((Row - Bar) / 2)}" width="{N(Length(start, end))}" height="{Bar}" rx="2"><title>{Escape(title)}</title></rect>""");

    /// <summary>Behind the bar, or where that would leave the picture, before its end.</summary>
    private void After(long end, string words)
    {
        double x = Place(end) + 6;
        double room = Width - 16 - x;
        Text(N(x), _y + 15, "soft", Shortened(words, Math.Max(8, (int)(room / 6.2))));
    }

    private void Text(string x, int y, string kind, string text) => Line($"""<text class="{kind}" x="{x}" y="{y}">{Escape(text)}</text>""");

    private void Text(int x, int y, string kind, string text) => Text(x.ToString(CultureInfo.InvariantCulture), y, kind, text);

    private double Place(long at) => Left + ((double)at / _end * (Width - Left - Right));

    private string X(long at) => N(Place(at));

    /// <summary>At least so long that it is seen.</summary>
    private double Length(long start, long end) => Math.Max(Place(end) - Place(start), 2);

    private void Line(string text) => _svg.Append(text).Append('\n');

    private static string Took(long milliseconds) => milliseconds < 1000 ? $"{milliseconds} ms" : $"{Words.Seconds(milliseconds)} s";

    private static string N(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

    private static string Shortened(string text, int most) => text.Length <= most ? text : string.Concat(text.AsSpan(0, most - 1), "\u2026");

    /// <summary>Names and details are foreign: no markup, and no character that XML forbids.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder();
        foreach (var rune in Sanitizer.Clean(text).EnumerateRunes())
            escaped.Append(rune.Value switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                0xFFFE or 0xFFFF => "?",
                _ => rune.ToString(),
            });
        return escaped.ToString();
    }
}
