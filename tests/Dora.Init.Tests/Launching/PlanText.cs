using System.Buffers.Binary;
using System.Text;
using Dora.Core.Linux;
using Dora.Init.Launching;

namespace Dora.Init.Tests.Launching;

/// <summary>Plans as lines that a test can compare.</summary>
internal static class PlanText
{
    /// <summary><c>label: call(arguments)</c>; text as text, other bytes in hexadecimal, <c>$n</c> what slot n holds.</summary>
    public static string[] Of(LaunchPlan plan) => [.. plan.Steps.Select(Line)];

    private static string Line(LaunchStep step)
    {
        string arguments = string.Join(", ", step.Arguments.Select((argument, i) => i == 0 && step.Slot < 0 ? $"${-step.Slot}" : Argument(argument)));
        return $"{(step.Slot > 0 ? $"${step.Slot} = " : "")}{step.Label}: {step.Call}({arguments}){(step.MayFail ? " or not" : "")}";
    }

    private static string Argument(LaunchArgument argument)
    {
        if (argument.Behind is { } program) return $"{BinaryPrimitives.ReadUInt16LittleEndian(argument.Data)} instructions, {program.Length} bytes";
        if (argument.Data is not { } data) return argument.Value == Libc.AT_FDCWD ? "." : argument.Value.ToString();
        bool isText = data.Length > 0 && data.AsSpan().TrimEnd((byte)0).IndexOfAnyExceptInRange((byte)' ', (byte)'~') < 0 && data.AsSpan().TrimEnd((byte)0).Length >= data.Length - 1;
        return isText ? $"'{Encoding.ASCII.GetString(data).TrimEnd('\0')}'" : Convert.ToHexString(data.AsSpan().TrimEnd((byte)0));
    }
}
