using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dora.Core.Protocol;

/// <summary>
/// The JSON of the API: camelCase, absent instead of null, unknown members of a request refused, of an answer ignored
/// (an older client reads a newer server). Generated at compile time: no reflection.
/// Absent members reach constructors and init accessors as null: those that must not be null turn it into empty there
/// (a record that does so for one member names all of them, which keeps their order on the wire).
/// </summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ErrorBody))]
[JsonSerializable(typeof(VersionInfo))]
[JsonSerializable(typeof(IReadOnlyList<ServiceSummary>))]
[JsonSerializable(typeof(ServiceStatus))]
[JsonSerializable(typeof(BootReport))]
[JsonSerializable(typeof(ChangeInfo))]
[JsonSerializable(typeof(LogLine))]
[JsonSerializable(typeof(EndMachineRequest))]
[JsonSerializable(typeof(MachineStatus))]
internal sealed partial class ApiJson : JsonSerializerContext
{
    public static ApiJson Api { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        // The answer is never part of a web page: quotes and letters may stay readable. Control characters are escaped.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        MaxDepth = 16,
        RespectNullableAnnotations = true,
    });
}
