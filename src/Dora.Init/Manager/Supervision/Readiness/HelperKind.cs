namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>A command that is run for a service beside its main process.</summary>
internal enum HelperKind
{
    None,

    /// <summary><c>pre-start</c>: before the main process.</summary>
    PreStart,

    /// <summary><c>stop-command</c>.</summary>
    Stop,

    /// <summary><c>reload-command</c>.</summary>
    Reload,

    /// <summary>The command of <c>ready</c>; no state tells of it.</summary>
    Ready,

    /// <summary>The command of <c>health</c>; no state tells of it.</summary>
    Health,
}
