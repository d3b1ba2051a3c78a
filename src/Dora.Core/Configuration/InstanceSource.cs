namespace Dora.Core.Configuration;

/// <summary>What a template makes instances of.</summary>
public enum InstanceSource
{
    /// <summary>Not a template.</summary>
    None,

    /// <summary>One for each wired network interface, those that appear later included; the argument is its name.</summary>
    WiredInterface,

    /// <summary>One for each console of the machine (serial line, screen); the argument is the terminal's name.</summary>
    Console,

    /// <summary>One for each argument that somebody names: an operator, a service that needs or wants it.</summary>
    Argument,
}
