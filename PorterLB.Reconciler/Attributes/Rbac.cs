namespace PorterLB.Reconciler.Attributes;

/// <summary>What one may do with a resource.</summary>
[Flags]
public enum RbacVerb
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Everything, as <c>*</c>.</summary>
    All = 1 << 0,

    /// <summary>get</summary>
    Get = 1 << 1,

    /// <summary>list</summary>
    List = 1 << 2,

    /// <summary>watch</summary>
    Watch = 1 << 3,

    /// <summary>create</summary>
    Create = 1 << 4,

    /// <summary>update</summary>
    Update = 1 << 5,

    /// <summary>patch</summary>
    Patch = 1 << 6,

    /// <summary>delete</summary>
    Delete = 1 << 7,

    /// <summary>Every verb by its name.</summary>
    AllExplicit = Get | List | Watch | Create | Update | Patch | Delete,
}

/// <summary>What the component that carries this attribute may do with entities.</summary>
/// <param name="entities">Their types, with <c>[KubernetesEntity]</c>.</param>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class EntityRbacAttribute(params Type[] entities) : Attribute
{
    /// <summary>Their types.</summary>
    public IReadOnlyList<Type> Entities { get; } = entities;

    /// <summary>What is allowed.</summary>
    public RbacVerb Verbs { get; init; }

    /// <summary>A subresource (<c>status</c>) instead of the entity itself, or null.</summary>
    public string? Subresource { get; init; }
}

/// <summary>What the component that carries this attribute may do with any resource.</summary>
[AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
public sealed class GenericRbacAttribute : Attribute
{
    /// <summary>API groups; <c>""</c> is the core.</summary>
    public string[] Groups { get; init; } = [];

    /// <summary>Resources, with the subresource after a slash.</summary>
    public string[] Resources { get; init; } = [];

    /// <summary>Only the objects of these names; empty is all. (create cannot be narrowed by a name.)</summary>
    public string[] ResourceNames { get; init; } = [];

    /// <summary>Paths outside the resources.</summary>
    public string[] Urls { get; init; } = [];

    /// <summary>What is allowed.</summary>
    public RbacVerb Verbs { get; init; }

    /// <summary>
    /// <see cref="Entities.EntityScope.Namespaced"/>: only in the operator's own namespace, as a Role.
    /// </summary>
    public Entities.EntityScope Scope { get; init; } = Entities.EntityScope.Cluster;
}

/// <summary>The name of the ServiceAccount, ClusterRole and Role that the RBAC attributes of a class make.</summary>
/// <param name="name">The name.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class RbacComponentAttribute(string name) : Attribute
{
    /// <summary>The name.</summary>
    public string Name { get; } = name;
}
