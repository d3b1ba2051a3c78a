namespace Dora.Init.Manager.Supervision;

/// <summary>What an operator holds a service to, until the pin is taken out (<c>dora service pin</c>).</summary>
internal enum ServicePin
{
    None,

    /// <summary>Nobody's stop reaches it but the end of the machine.</summary>
    Up,

    /// <summary>Nobody's start reaches it.</summary>
    Down,
}
