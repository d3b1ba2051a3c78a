using System.Globalization;
using Dora.Core.Linux;

namespace Dora.Init.Storage.Remote;

/// <summary>What `init storage remote ...` does: the parts that may block, each in a process of its own.</summary>
internal static class RemoteRole
{
    public static int Run(ReadOnlySpan<string> arguments) => arguments switch
    {
        ["mount", var type, var source, var target, var flags, var options] =>
            (int)Sys.Mount(source, target, type, ulong.Parse(flags, NumberStyles.None, CultureInfo.InvariantCulture), options.Length == 0 ? null : options),
        ["link", .. var link] => NbdKeeper.Run(link),
        _ => 2,
    };
}
