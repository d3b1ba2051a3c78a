using Dora.Core.Configuration.Forwarding;
using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The values of log.yaml.
internal sealed partial class SettingValue
{
    /// <summary>Adds those that can be used.</summary>
    public void ForwardTargets(List<ForwardTarget> targets)
    {
        if (node is not YamlList list)
        {
            FailKind(node, "a list such as '- name: central'");
            return;
        }
        foreach (var item in list.Items)
        {
            if (item is not YamlMapping mapping) Fail(item, $"expected a target such as 'name: central', found {item.Kind}");
            else if (ForwardTarget.Read(mapping, path, targets, problems) is { } target) targets.Add(target);
        }
    }

    public void ForwardPlace(ForwardTarget target)
    {
        string text = Word("a place such as tcp://SERVER");
        if (node is YamlScalar && target.TakePlace(text) is { } problem) Fail($"'{Printable.Text(text)}': {problem}");
    }

    public LogSelector Selector()
    {
        string text = Word("a selector such as '*.info;auth.none'");
        if (!LogSelector.TryParse(text, out var selector, out string problem) && node is YamlScalar) Fail(problem);
        return selector;
    }
}
