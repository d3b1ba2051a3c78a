using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Dora.Abi.Tests;

/// <summary>Sizes and offsets of C# structures as they lie in memory.</summary>
static class Layout
{
    /// <summary>Fields that C has too: all but the private ones, which only fill the structure up to its size.</summary>
    public static IEnumerable<FieldInfo> SharedFields(Type structure) =>
        structure.GetFields(BindingFlags.Instance | BindingFlags.Public);

    public static int SizeOf(Type type)
    {
        if (type.IsPointer) return IntPtr.Size;
        var method = typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type);
        return (int)method.Invoke(null, null)!;
    }

    // The structures are blittable, so the marshaller's layout is the runtime's.
    public static int OffsetOf(FieldInfo field) => (int)Marshal.OffsetOf(field.DeclaringType!, field.Name);
}
