namespace Dora.Init.Guard;

/// <summary>Ctrl-Alt-Del once asks for an ordered reboot; pressed seven times within two seconds it means now.</summary>
internal sealed class CtrlAltDel
{
    private const int Presses = 7;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(2);
    private readonly TimeSpan[] _last = new TimeSpan[Presses];
    private int _count;

    /// <summary>Whether this press is the one that forces.</summary>
    public bool Press(TimeSpan now)
    {
        _last[_count++ % Presses] = now;
        // In a full ring the slot that is written next holds the first of the last seven.
        return _count >= Presses && now - _last[_count % Presses] <= s_window;
    }
}
