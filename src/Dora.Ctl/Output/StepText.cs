using Dora.Core.Protocol;
using Dora.Core.Protocol.Storage;

namespace Dora.Ctl.Output;

/// <summary>What is done with a disk, step by step. How far a long one is stands in one line on a terminal, and nowhere else.</summary>
/// <param name="screen">Where to.</param>
/// <param name="isJson">The lines as they come.</param>
internal sealed class StepText(Screen screen, bool isJson)
{
    private bool _isLineOpen;
    private string? _last;

    public void Take(DiskStep step, byte[] line)
    {
        if (isJson)
        {
            screen.WriteRaw([.. line, (byte)'\n']);
            return;
        }
        if (step.Result is not null) return; // End tells it
        // A file system is written in many pieces: who only wants to know how it goes on needs to see one.
        string? what = step is { Offset: not null, Detail: { } detail } && step.Status != DiskStep.Planned ? detail : null;
        if (what is not null && what == _last) return;
        _last = what;
        if (step.Percent is { } percent && step.Detail is null)
        {
            if (!screen.IsTerminal) return;
            screen.Write($"\r  {screen.Foreign(step.Step)}: {percent} %  ");
            _isLineOpen = true;
        }
        else
        {
            CloseLine();
            string where = step is { Offset: { } offset, Length: { } length } ? $"at {offset}, {length} bytes: " : "";
            var tone = step.Status switch { ChangeInfo.Failed => Tone.Bad, DiskStep.Planned => Tone.Faint, ChangeInfo.Doing => Tone.Busy, _ => Tone.Good };
            screen.WriteLine($"  {screen.Paint(tone, $"{screen.Foreign(step.Step),-8}")} {where}{screen.Foreign(step.Detail ?? "")}".TrimEnd());
        }
        screen.Flush();
    }

    public void End(DiskResult result)
    {
        if (isJson) return;
        CloseLine();
        screen.WriteLine(screen.Foreign(result.Message ?? result.Status));
    }

    private void CloseLine()
    {
        if (_isLineOpen) screen.WriteLine();
        _isLineOpen = false;
    }
}
