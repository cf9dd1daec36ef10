using System.Collections.Immutable;
using FluentValidation;

namespace PorterLB.Operator.Validation;

/// <summary>
/// One thing that must hold, or that looks like a slip where it does not. The catalogue of them (<see cref="Rules"/>) makes the reference
/// page, and a test runs each example through a real API server.
/// </summary>
/// <param name="Name">For programs, and the anchor of the page.</param>
/// <param name="Severity">An error refuses the object, a warning is told.</param>
/// <param name="Holds">What must hold, and why.</param>
internal sealed record Rule(string Name, Severity Severity, string Holds)
{
    /// <summary>At least one object that breaks it.</summary>
    public required ImmutableArray<Example> Examples { get; init; }
}

/// <summary>An object that breaks a rule.</summary>
/// <param name="Manifest">As a user would apply it.</param>
internal sealed record Example(string Manifest)
{
    /// <summary>What is in the cluster before; several documents, with the status that they have there.</summary>
    public string Given { get; init; } = "";

    /// <summary>Whether the object is deleted, not applied.</summary>
    public bool IsDelete { get; init; }

    /// <summary>The API server's own words, where the schema refuses it before any webhook is asked; else empty.</summary>
    public string BySchema { get; init; } = "";
}

/// <summary>A rule that an object breaks.</summary>
/// <param name="Rule">Which.</param>
/// <param name="Field">Where, as <c>spec.addresses[2]</c>; empty for the object as a whole.</param>
/// <param name="Message">What is wrong with the user's own value, why, and what would be right; a whole sentence.</param>
internal sealed record Finding(Rule Rule, string Field, string Message)
{
    public bool IsError => Rule.Severity == Severity.Error;

    /// <summary>The message with its field.</summary>
    public override string ToString() => Field.Length == 0 ? Message : $"{Field}: {Message}";
}
