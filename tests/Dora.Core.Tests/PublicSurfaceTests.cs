using System.Reflection;
using System.Text;
using Dora.Core.Tests.Configuration;
using Xunit;

namespace Dora.Core.Tests;

/// <summary>
/// Issue 4: "Client library in Dora.Core [...] its public surface documented and under a snapshot test". What programs of others may
/// build on is in public-surface.txt beside this file: a change of it is a change that somebody has looked at.
/// PANDORA_RECORD=1 writes it anew.
/// </summary>
public class PublicSurfaceTests
{
    private const string File = "tests/Dora.Core.Tests/public-surface.txt";
    private static readonly NullabilityInfoContext s_nullability = new();
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void The_public_types_and_members_are_those_of_the_snapshot()
    {
        string actual = Describe(typeof(Client.DoraClient).Assembly);
        string path = Path.Combine(Path.GetDirectoryName(Repository.Find("tests/Dora.Core.Tests/PublicSurfaceTests.cs")!)!, Path.GetFileName(File));
        if (Environment.GetEnvironmentVariable("PANDORA_RECORD") == "1") System.IO.File.WriteAllText(path, actual);
        string expected = System.IO.File.Exists(path) ? System.IO.File.ReadAllText(path) : "";
        var before = expected.Split('\n').ToHashSet();
        var after = actual.Split('\n').ToHashSet();
        if (expected != actual)
            Assert.Fail($"The public surface of Dora.Core is not that of {File}. If that is meant: PANDORA_RECORD=1 dotnet test tests/Dora.Core.Tests\n"
                + string.Join('\n', before.Except(after).Select(line => $"- {line}").Concat(after.Except(before).Select(line => $"+ {line}"))));
    }

    private static string Describe(Assembly assembly)
    {
        var lines = new List<string>();
        foreach (var type in assembly.GetExportedTypes())
        {
            string name = Name(type);
            lines.Add($"{name}: {Kind(type)}{Bases(type)}");
            foreach (var member in type.GetMembers(Own))
                if (Line(member) is { } line && !IsFromTheCompiler(member)) lines.Add($"{name}.{line}");
        }
        lines.Sort(string.CompareOrdinal);
        return string.Join('\n', lines) + "\n";
    }

    private static string Kind(Type type) =>
        type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct"
        : (type.IsAbstract && type.IsSealed ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "")
            + (type.GetMethod("<Clone>$") is null ? "class" : "record");

    private static string Bases(Type type)
    {
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum)) bases.Add(Name(parent));
        // IEquatable is what every record has; interfaces that are not public are nobody's concern.
        bases.AddRange(type.GetInterfaces().Where(face => face.IsVisible && face.Name != "IEquatable`1" && !type.IsEnum).Select(Name).Order(StringComparer.Ordinal));
        return bases.Count == 0 ? "" : " of " + string.Join(", ", bases);
    }

    private static string? Line(MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsVisible(constructor) => $"new({Parameters(constructor)})",
        MethodInfo { IsSpecialName: false } method when IsVisible(method) => $"{method.Name}({Parameters(method)}): {Static(method)}{Typed(method.ReturnType, s_nullability.Create(method.ReturnParameter))}",
        PropertyInfo property when (property.GetMethod ?? property.SetMethod) is { } first && IsVisible(first) =>
            $"{property.Name}: {Static(first)}{Typed(property.PropertyType, s_nullability.Create(property))} {(property.GetMethod is { } get && IsVisible(get) ? "get " : "")}{Setter(property)}".TrimEnd(),
        FieldInfo { IsPublic: true, IsSpecialName: false } field =>
            $"{field.Name}: {(field.IsLiteral ? "const " : field.IsStatic ? "static " : "")}{Name(field.FieldType)}{(field.IsLiteral ? $" = {field.GetRawConstantValue()}" : "")}",
        EventInfo { AddMethod: { } add } info when IsVisible(add) => $"{info.Name}: event {Name(info.EventHandlerType!)}",
        _ => null,
    };

    private static string Setter(PropertyInfo property) => property.SetMethod is not { } set || !IsVisible(set) ? ""
        : set.ReturnParameter.GetRequiredCustomModifiers().Any(type => type.Name == "IsExternalInit") ? "init" : "set";

    private static bool IsVisible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Static(MethodBase method) => method.IsStatic ? "static " : "";

    private static string Parameters(MethodBase method) =>
        string.Join(", ", method.GetParameters().Select(parameter => $"{Typed(parameter.ParameterType, s_nullability.Create(parameter))} {parameter.Name}{(parameter.HasDefaultValue ? $" = {parameter.DefaultValue ?? "null"}" : "")}"));

    // Of a record: equality, printing, cloning.
    private static bool IsFromTheCompiler(MemberInfo member) =>
        member.Name is "Equals" or "GetHashCode" or "ToString" or "PrintMembers" or "EqualityContract" or "<Clone>$" or "Deconstruct"
        || (member is ConstructorInfo { IsPublic: false } constructor && constructor.GetParameters() is [var only] && only.ParameterType == member.DeclaringType)
        || member.Name.Contains('<');

    private static string Typed(Type type, NullabilityInfo nullability) =>
        Name(type) + (!type.IsValueType && nullability.ReadState == NullabilityState.Nullable ? "?" : "");

    private static string Name(Type type)
    {
        if (Nullable.GetUnderlyingType(type) is { } value) return Name(value) + "?";
        if (type.IsArray) return Name(type.GetElementType()!) + "[]";
        if (type.IsByRef) return "ref " + Name(type.GetElementType()!);
        if (type.IsGenericParameter) return type.Name;
        var text = new StringBuilder(type.Namespace?.StartsWith("Dora.", StringComparison.Ordinal) == true ? $"{type.Namespace}." : "");
        if (type.DeclaringType is { } outer) text.Append(outer.Name).Append('.');
        int tick = type.Name.IndexOf('`');
        text.Append(tick < 0 ? type.Name : type.Name[..tick]);
        if (type.IsGenericType) text.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>');
        return text.ToString();
    }
}
