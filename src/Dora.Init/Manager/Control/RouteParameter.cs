namespace Dora.Init.Manager.Control;

/// <summary>A parameter that the query of a route may have.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Of JSON Schema: <c>string</c>, <c>integer</c> or <c>boolean</c>.</param>
/// <param name="Description">What it does, and what it is without it.</param>
internal sealed record RouteParameter(string Name, string Type, string Description)
{
    public static RouteParameter Text(string name, string description) => new(name, "string", description);

    public static RouteParameter Number(string name, string description) => new(name, "integer", description);

    public static RouteParameter Flag(string name, string description) => new(name, "boolean", description);
}
