using Dora.Core.Configuration.Yaml;

namespace Dora.Core.Configuration;

// The values of storage.yaml.
internal sealed partial class SettingValue
{
    /// <summary>Adds those that can be used.</summary>
    public void Mounts(List<RemoteMount> mounts)
    {
        if (node is not YamlList list)
        {
            FailKind(node, "a list such as '- name: media'");
            return;
        }
        foreach (var item in list.Items)
        {
            if (item is not YamlMapping mapping) Fail(item, $"expected a mount such as 'name: media', found {item.Kind}");
            else if (StorageFile.ReadMount(mapping, path, mounts, problems) is { } mount) mounts.Add(mount);
        }
    }

    /// <summary>A word that may be part of a service's name.</summary>
    public string MountName()
    {
        string name = Word("a name");
        if (node is YamlScalar && !ServiceName.IsValid(name, out string reason)) Fail($"'{Printable.Text(name)}' is not a name: {reason}");
        return name;
    }

    public bool RemotePlace(out RemoteStorageName place)
    {
        string text = Word("a place such as nfs:SERVER:/EXPORT");
        place = default;
        if (node is not YamlScalar) return false;
        if (RemoteStorageName.TryParse(text, out place, out string problem)) return true;
        Fail($"'{Printable.Text(text)}': {problem}");
        return false;
    }

    /// <summary>An absolute path below one of some folders, without detours.</summary>
    public string MountPath(string[] folders)
    {
        string text = AbsolutePath();
        if (node is not YamlScalar || !text.StartsWith('/')) return text;
        bool isBelow = Array.Exists(folders, folder => text.StartsWith(folder, StringComparison.Ordinal) && text.Length > folder.Length);
        if (!isBelow) Fail($"'{Printable.Text(text)}' is not below {string.Join(" or ", Array.ConvertAll(folders, folder => folder.TrimEnd('/')))}");
        foreach (string part in text[1..].Split('/'))
        {
            if (part is not ("" or "." or "..") && !part.Contains('\0')) continue;
            Fail($"'{Printable.Text(text)}': write the path without '//', '/.', '/..' and '/' at its end");
            break;
        }
        return text;
    }
}
