using System.CommandLine;
using Dora.Core.Linux;
using Dora.Core.Client;
using Dora.Ctl.Output;

namespace Dora.Ctl.Commands;

/// <summary>What a command works with.</summary>
/// <param name="Client">The API.</param>
/// <param name="Out">Results.</param>
/// <param name="Error">Messages.</param>
/// <param name="Json">Whether results are the API's JSON.</param>
internal sealed record Context(DoraClient Client, Screen Out, Screen Error, bool Json)
{
    /// <summary>The other machine, if it is one; paths and programs of this one mean nothing there.</summary>
    public string? Host { get; init; }

    /// <summary>Time since the boot of the machine, for "how long ago".</summary>
    public TimeSpan Now => Host is null ? Sys.TimeSinceBoot() : TimeSpan.FromMilliseconds(Client.Machine().Value.Now?.BootMs ?? 0);
}

/// <summary>Makes an action of System.CommandLine from a command that wants a <see cref="Context"/>.</summary>
internal delegate Func<ParseResult, int> Binder(Func<Context, ParseResult, int> command);
