using System.Collections;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;
using Dora.Init.Manager.State;
using Xunit;
using JsonNode = System.Text.Json.Nodes.JsonNode;

namespace Dora.Init.Tests.Protocol;

/// <summary>
/// Every type that maps itself to JSON, with every member set: System.Text.Json's reflection, which misses none, must
/// write the same, and what is read back must be the same.
/// </summary>
public class JsonMappingTests
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, IgnoreReadOnlyProperties = true, Converters = { new TicksConverter() },
    };

    public static TheoryData<string> Mapped()
    {
        var names = new TheoryData<string>();
        foreach (var assembly in new[] { typeof(ErrorBody).Assembly, typeof(SavedState).Assembly })
            foreach (var type in assembly.GetTypes().Where(IsMapped)) names.Add(type.AssemblyQualifiedName!);
        return names;
    }

    [Theory]
    [MemberData(nameof(Mapped))]
    public void Every_member_is_written_and_read_back(string name)
    {
        var type = Type.GetType(name, throwOnError: true)!;
        object filled = Filled(type);
        byte[] written = (byte[])typeof(JsonMapWriter).GetMethod(nameof(JsonMapWriter.Write), BindingFlags.Public | BindingFlags.Static)!
            .MakeGenericMethod(type).Invoke(null, [filled])!;
        Same(JsonSerializer.SerializeToNode(filled, type, s_options)!, JsonNode.Parse(written)!);
        object read = typeof(JsonMappingTests).GetMethod(nameof(Read), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, [written])!;
        Same(JsonSerializer.SerializeToNode(filled, type, s_options)!, JsonSerializer.SerializeToNode(read, type, s_options)!);
    }

    private static T Read<T>(byte[] json) where T : class, IJsonMapped<T> => JsonMapReader.Read<T>(json, isStrict: true);

    private static void Same(JsonNode expected, JsonNode actual) =>
        Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected.ToJsonString(s_options)}\nactual   {actual.ToJsonString(s_options)}");

    private static bool IsMapped(Type type) =>
        type.IsClass && type.GetInterfaces().Any(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IJsonMapped<>) && i.GenericTypeArguments[0] == type);

    /// <summary>An object with a value of its own, that is no default, in every member.</summary>
    private static object Filled(Type type)
    {
        int next = 40;
        object instance = RuntimeHelpers.GetUninitializedObject(type);
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            if (property.SetMethod is not null) property.SetValue(instance, Value(property.PropertyType, property.Name, next++));
        return instance;
    }

    private static object Value(Type type, string name, int number)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type == typeof(string)) return $"{name} \"é\t\"";
        if (type == typeof(bool)) return true;
        if (type == typeof(byte[])) return new byte[] { 0, 255, (byte)number };
        if (type == typeof(int)) return number;
        if (type == typeof(uint)) return (uint)number;
        if (type == typeof(long)) return 5_000_000_000L + number;
        if (type == typeof(double)) return number + 0.25;
        if (type == typeof(TimeSpan)) return TimeSpan.FromTicks(7_000_000_123L + number);
        if (type.IsEnum) return Enum.GetValues(type).GetValue(Enum.GetValues(type).Length - 1)!;
        if (type.IsAssignableTo(typeof(IReadOnlyDictionary<string, string>))) return new Dictionary<string, string> { [name] = "1", ["2"] = "" };
        if (type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable)))
        {
            var element = type.GenericTypeArguments[0];
            var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(element))!;
            for (int i = 0; i < 2; i++) list.Add(Value(element, name + i, number + i));
            return list;
        }
        return IsMapped(type) ? Filled(type) : throw new NotSupportedException($"{name}: a value of {type} for the test");
    }

    private sealed class TicksConverter : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) => TimeSpan.FromTicks(reader.GetInt64());
        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Ticks);
    }
}
