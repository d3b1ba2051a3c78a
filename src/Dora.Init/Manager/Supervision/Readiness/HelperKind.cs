namespace Dora.Init.Manager.Supervision.Readiness;

/// <summary>A command that is run for a service beside its main process. The numbers are part of the saved state.</summary>
internal enum HelperKind
{
    None = 0,

    /// <summary><c>pre-start</c>: before the main process.</summary>
    PreStart = 1,

    /// <summary><c>stop-command</c>.</summary>
    Stop = 2,

    /// <summary><c>reload-command</c>.</summary>
    Reload = 3,

    /// <summary>The command of <c>ready</c>; no state tells of it.</summary>
    Ready = 4,

    /// <summary>The command of <c>health</c>; no state tells of it.</summary>
    Health = 5,

    /// <summary><c>post-stop</c>: when nothing of the run is left.</summary>
    PostStop = 6,
}
