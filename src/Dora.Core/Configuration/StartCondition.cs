namespace Dora.Core.Configuration;

/// <summary>When a service is started.</summary>
public enum StartCondition
{
    /// <summary>When the machine boots.</summary>
    Boot,

    /// <summary>When something needs it or an operator asks.</summary>
    Demand,
}
