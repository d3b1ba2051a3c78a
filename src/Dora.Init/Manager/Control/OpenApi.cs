using System.Buffers;
using System.Text;
using System.Text.Json;
using Dora.Core.Protocol;
using Dora.Core.Protocol.Json;

namespace Dora.Init.Manager.Control;

/// <summary>
/// The API's description (OpenAPI 3.1), made from the route table and from the maps of its types each time that somebody asks for
/// it: it cannot say anything that the server does not do, and costs no memory in between.
/// </summary>
internal static class OpenApi
{
    public static byte[] Describe(IReadOnlyList<Route> routes, string version)
    {
        var buffer = new ArrayBufferWriter<byte>(64 * 1024);
        using var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        var schemas = new JsonSchemas();
        json.WriteStartObject();
        json.WriteString("openapi", "3.1.0");
        json.WriteStartObject("info");
        json.WriteString("title", "Pandora");
        json.WriteString("version", version);
        json.WriteString("description", "HTTP/1.1 on the Unix socket /run/dora/dora.sock. Unknown parameters and unknown members of a body are refused.");
        json.WriteEndObject();
        json.WriteStartArray("servers");
        json.WriteStartObject();
        json.WriteString("url", "http://dora");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("paths");
        for (int i = 0; i < routes.Count; i++)
            if (IsFirstOfItsPath(routes, i)) WritePath(json, schemas, routes, routes[i].Template);
        json.WriteEndObject();
        json.WriteStartObject("components");
        json.WriteStartObject("schemas");
        schemas.WriteAll(json);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static bool IsFirstOfItsPath(IReadOnlyList<Route> routes, int index)
    {
        for (int i = 0; i < index; i++)
            if (routes[i].Template == routes[index].Template) return false;
        return true;
    }

    private static void WritePath(Utf8JsonWriter json, JsonSchemas schemas, IReadOnlyList<Route> routes, string template)
    {
        json.WriteStartObject(template);
        foreach (var route in routes)
            if (route.Template == template) WriteOperation(json, schemas, route);
        json.WriteEndObject();
    }

    private static void WriteOperation(Utf8JsonWriter json, JsonSchemas schemas, Route route)
    {
        json.WriteStartObject(route.Method.ToLowerInvariant());
        json.WriteString("operationId", OperationId(route));
        json.WriteString("summary", route.Summary);
        json.WriteString("x-access", AccessName(route.Access));
        json.WriteStartArray("tags");
        json.WriteStringValue(Segment(route.Template, 1));
        json.WriteEndArray();
        WriteParameters(json, route);
        if (route.Body is { } body)
        {
            json.WriteStartObject("requestBody");
            json.WriteBoolean("required", !body.IsOptional);
            WriteContent(json, schemas, body);
            json.WriteEndObject();
        }
        json.WriteStartObject("responses");
        json.WriteStartObject(route.Status.ToString());
        json.WriteString("description", HttpResponse.ReasonPhrase(route.Status));
        WriteContent(json, schemas, route.Answer);
        json.WriteEndObject();
        json.WriteStartObject("default");
        json.WriteString("description", "refused: docs/protocol.md lists the errors by name");
        WriteContent(json, schemas, Payload.Of<ErrorBody>());
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter json, Route route)
    {
        int brace = route.Template.IndexOf('{');
        if (brace < 0 && route.Parameters.Count == 0) return;
        json.WriteStartArray("parameters");
        if (brace >= 0)
            WriteParameter(json, "path", new RouteParameter(route.Template[(brace + 1)..route.Template.IndexOf('}')], "string", "percent-encoded; one segment"));
        foreach (var parameter in route.Parameters) WriteParameter(json, "query", parameter);
        json.WriteEndArray();
    }

    private static void WriteParameter(Utf8JsonWriter json, string place, RouteParameter parameter)
    {
        json.WriteStartObject();
        json.WriteString("name", parameter.Name);
        json.WriteString("in", place);
        json.WriteBoolean("required", place == "path");
        json.WriteString("description", parameter.Description);
        json.WriteStartObject("schema");
        json.WriteString("type", parameter.Type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter json, JsonSchemas schemas, Payload payload)
    {
        json.WriteStartObject("content");
        for (var form = payload; form is not null; form = form.Or)
        {
            json.WriteStartObject(form.MediaType);
            json.WritePropertyName("schema");
            form.WriteSchema(json, schemas);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    public static string AccessName(Access access) => access switch
    {
        Access.Read => "read",
        Access.Change => "change",
        _ => "admin",
    };

    /// <summary><c>GET /v1/services/{name}</c> as <c>getServicesName</c>: unique, since methods and paths are.</summary>
    private static string OperationId(Route route)
    {
        var id = new StringBuilder(route.Method.ToLowerInvariant());
        bool startsWord = true;
        foreach (char c in route.Template.AsSpan("/v1/".Length))
        {
            if (char.IsAsciiLetterOrDigit(c)) id.Append(startsWord ? char.ToUpperInvariant(c) : c);
            startsWord = !char.IsAsciiLetterOrDigit(c);
        }
        return id.ToString();
    }

    private static string Segment(string template, int index) => template[1..].Split('/')[index];
}
