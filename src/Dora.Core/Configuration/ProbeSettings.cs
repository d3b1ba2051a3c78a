namespace Dora.Core.Configuration;

/// <summary>
/// How a service is looked at from outside: until it is ready (<c>ready</c>), or again and again while it runs
/// (<c>health</c>). Filled while it is read, never changed afterwards.
/// </summary>
public sealed class ProbeSettings
{
    /// <summary>What is looked at.</summary>
    public ProbeKind Kind { get; internal set; }

    /// <summary>Port, for tcp and http.</summary>
    public int Port { get; internal set; }

    /// <summary>Absolute path of the socket or file; for http what is asked for.</summary>
    public string Path { get; internal set; } = "";

    /// <summary>Program and arguments, for command.</summary>
    public IReadOnlyList<string> Command { get; internal set; } = [];

    /// <summary>From the end of one try to the next; <c>interval</c>.</summary>
    public TimeSpan Interval { get; internal set; }

    /// <summary>How long one try may take; <c>timeout</c>.</summary>
    public TimeSpan Timeout { get; internal set; }

    /// <summary>How many tries in a row have to fail; <c>threshold</c>; of health only.</summary>
    public int Threshold { get; internal set; } = 1;

    /// <summary>Whether an unhealthy service is restarted, or only shown; <c>action</c>; of health only.</summary>
    public bool Restarts { get; internal set; } = true;

    /// <summary>Another one, with <paramref name="change"/> applied to path and words.</summary>
    internal ProbeSettings With(Func<string, string> change)
    {
        var command = new string[Command.Count];
        for (int i = 0; i < command.Length; i++) command[i] = change(Command[i]);
        return new ProbeSettings
        {
            Kind = Kind, Port = Port, Path = change(Path), Command = command, Interval = Interval, Timeout = Timeout, Threshold = Threshold, Restarts = Restarts,
        };
    }
}
