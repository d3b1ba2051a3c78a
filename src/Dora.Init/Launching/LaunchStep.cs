using System.Text;
using Dora.Core.Linux;

namespace Dora.Init.Launching;

/// <summary>One system call of a plan: what the child does between clone3 and execve.</summary>
/// <param name="Label">What it is for, in an error message: <c>change to user web</c>.</param>
/// <param name="Call">The system call.</param>
/// <param name="MayFail">Whether the launch goes on when it fails.</param>
/// <param name="Arguments">Up to six.</param>
internal sealed record LaunchStep(string Label, SystemCall Call, bool MayFail, params LaunchArgument[] Arguments)
{
    /// <summary>n &gt; 0: what the call returns, a descriptor, is kept as number n; n &lt; 0: it is the first argument of this call.</summary>
    public int Slot { get; init; }
}

/// <summary>A number, or bytes that the call gets a pointer to.</summary>
internal readonly record struct LaunchArgument(long Value, byte[]? Data)
{
    /// <summary>More bytes, whose address lies at offset 8 of <see cref="Data"/>: <c>struct sock_fprog</c> is made so.</summary>
    public byte[]? Behind { get; init; }

    public static implicit operator LaunchArgument(long value) => new(value, null);
    public static implicit operator LaunchArgument(int value) => new(value, null);
    public static implicit operator LaunchArgument(byte[] data) => new(0, data);
    public static implicit operator LaunchArgument(string text) => new(0, Encoding.UTF8.GetBytes(text + '\0'));
}
