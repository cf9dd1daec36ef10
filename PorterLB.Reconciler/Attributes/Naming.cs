using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Attributes;

/// <summary>Whether objects of the entity live in a namespace.</summary>
/// <param name="scope">The scope.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class EntityScopeAttribute(EntityScope scope = default) : Attribute
{
    /// <summary>The scope.</summary>
    public EntityScope Scope { get; } = scope;
}

/// <summary>Short names for <c>kubectl get</c>.</summary>
/// <param name="shortNames">The names.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityShortNamesAttribute(params string[] shortNames) : Attribute
{
    /// <summary>The names.</summary>
    public IReadOnlyList<string> ShortNames { get; } = shortNames;
}

/// <summary>Groups of kinds that <c>kubectl get</c> shows together.</summary>
/// <param name="categories">The names.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KubernetesEntityCategoriesAttribute(params string[] categories) : Attribute
{
    /// <summary>The names.</summary>
    public IReadOnlyList<string> Categories { get; } = categories;
}

/// <summary>Of several versions of a kind, the one that is stored. One version alone needs no attribute.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class StorageVersionAttribute : Attribute;

/// <summary>The entity can be scaled by <c>kubectl scale</c> and autoscalers.</summary>
/// <param name="specReplicasPath">Where the wanted number stands.</param>
/// <param name="statusReplicasPath">Where the present number stands.</param>
/// <param name="labelSelectorPath">Where the selector stands as a string, or null.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ScaleSubresourceAttribute(
    string specReplicasPath,
    string statusReplicasPath,
    string? labelSelectorPath = null) : Attribute
{
    /// <summary>Where the wanted number stands.</summary>
    public string SpecReplicasPath { get; } = specReplicasPath;

    /// <summary>Where the present number stands.</summary>
    public string StatusReplicasPath { get; } = statusReplicasPath;

    /// <summary>Where the selector stands, or null.</summary>
    public string? LabelSelectorPath { get; } = labelSelectorPath;
}

/// <summary>The controller sees only entities that this type of label selector chooses.</summary>
/// <param name="type">The selector's type.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class LabelSelectorAttribute(Type type) : Attribute
{
    /// <summary>The selector's type.</summary>
    public Type Type { get; } = type;
}

/// <summary>The controller sees only entities that this type of field selector chooses.</summary>
/// <param name="type">The selector's type.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class FieldSelectorAttribute(Type type) : Attribute
{
    /// <summary>The selector's type.</summary>
    public Type Type { get; } = type;
}

/// <summary>The class checks this entity at admission.</summary>
/// <param name="entityType">The entity.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class ValidationWebhookAttribute(Type entityType) : Attribute
{
    /// <summary>The entity.</summary>
    public Type EntityType { get; } = entityType;

    /// <summary>Operations that are refused when the webhook cannot be asked.</summary>
    public WebhookOperations Operations { get; init; } = WebhookOperations.Create | WebhookOperations.Update;

    /// <summary>Operations that are checked too, but go on when the webhook cannot be asked.</summary>
    public WebhookOperations OptionalOperations { get; init; }

    /// <summary>Seconds the API server waits, 1 to 30.</summary>
    public int TimeoutSeconds { get; init; } = 10;
}

/// <summary>Operations on a resource that a webhook can be asked about.</summary>
[Flags]
public enum WebhookOperations
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>An object is made.</summary>
    Create = 1 << 0,

    /// <summary>An object is changed.</summary>
    Update = 1 << 1,

    /// <summary>An object is deleted.</summary>
    Delete = 1 << 2,
}
