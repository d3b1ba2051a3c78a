namespace Dora.Core.Configuration;

/// <summary>When a service is started again after its process ended by itself.</summary>
public enum RestartCondition
{
    /// <summary>Whatever the exit code, except 125.</summary>
    Always,

    /// <summary>On a signal or an exit code other than 0 and 125.</summary>
    OnFailure,

    /// <summary>Not at all.</summary>
    Never,
}
