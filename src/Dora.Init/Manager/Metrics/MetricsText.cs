using System.Globalization;
using System.Text;

namespace Dora.Init.Manager.Metrics;

/// <summary>
/// Writes the text format of Prometheus, version 0.0.4: of each metric its help and type once, and then its samples, which must stand
/// together. Numbers are whole, or thousandths that the caller gives as such: floating point would be 10 kB of code.
/// </summary>
internal sealed class MetricsText
{
    private readonly StringBuilder _text = new();
    private string _name = "";

    /// <summary>Begins a metric.</summary>
    /// <param name="name">With its unit, and <c>_total</c> for a counter.</param>
    /// <param name="type"><c>counter</c> or <c>gauge</c>.</param>
    /// <param name="help">One sentence.</param>
    public MetricsText Metric(string name, string type, string help)
    {
        _name = name;
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
        return this;
    }

    /// <summary>A sample of the metric that was begun last.</summary>
    public MetricsText Sample(long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Head(labels);
        _text.Append(CultureInfo.InvariantCulture, $"{value}\n");
        return this;
    }

    /// <summary>A sample in thousandths: milliseconds of a metric in seconds.</summary>
    public MetricsText Thousandths(long value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        Head(labels);
        if (value < 0) _text.Append('-');
        long size = Math.Abs(value);
        _text.Append(CultureInfo.InvariantCulture, $"{size / 1000}.{size % 1000:000}\n");
        return this;
    }

    public override string ToString() => _text.ToString();

    private void Head(ReadOnlySpan<(string Name, string Value)> labels)
    {
        _text.Append(_name);
        if (labels.Length > 0)
        {
            char before = '{';
            foreach (var (name, value) in labels)
            {
                _text.Append(before).Append(name).Append("=\"");
                foreach (char c in value) _ = c switch { '\\' => _text.Append(@"\\"), '"' => _text.Append("\\\""), '\n' => _text.Append("\\n"), _ => _text.Append(c) };
                _text.Append('"');
                before = ',';
            }
            _text.Append('}');
        }
        _text.Append(' ');
    }
}
