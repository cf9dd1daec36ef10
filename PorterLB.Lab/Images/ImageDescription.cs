using System.Collections.Immutable;

namespace PorterLB.Lab.Images;

/// <summary>How an image is called and how it starts.</summary>
/// <param name="Name">Repository and tag: <c>porterlb:dev</c>.</param>
/// <param name="Title">For people.</param>
/// <param name="User">Who runs in it unless the Pod says otherwise.</param>
/// <param name="Entrypoint">The program and its first arguments.</param>
public sealed record ImageDescription(string Name, string Title, string User, ImmutableArray<string> Entrypoint)
{
    /// <summary>As a container runtime stores it: a name without a registry means Docker's.</summary>
    public string FullName => Name.Contains('/', StringComparison.Ordinal) ? $"docker.io/{Name}" : $"docker.io/library/{Name}";
}
