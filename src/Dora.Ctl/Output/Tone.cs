namespace Dora.Ctl.Output;

/// <summary>Colours by what they mean.</summary>
internal enum Tone
{
    Plain,
    Good,
    Busy,
    Bad,
    Faint,
    Strong,
}
