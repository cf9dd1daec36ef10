using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Services;

/// <summary>Which Services are ours.</summary>
/// <param name="LoadBalancerClass">The <c>spec.loadBalancerClass</c> that is ours.</param>
/// <param name="IsDefault">Whether Services with neither a class nor an annotation are ours, too.</param>
internal sealed record Ownership(string LoadBalancerClass, bool IsDefault)
{
    public bool Owns(ServiceView service)
    {
        if (service.Spec.Type != "LoadBalancer")
        {
            return false;
        }

        // KEP-1959: a class names its implementation, whatever else stands on the Service.
        if (!string.IsNullOrEmpty(service.Spec.LoadBalancerClass))
        {
            return service.Spec.LoadBalancerClass == LoadBalancerClass;
        }

        var annotations = service.Metadata.Annotations;
        return annotations is not null && annotations.TryGetValue(Annotations.LoadBalancer, out var value)
            ? value is "porter" or "openelb" or "porterlb"
            : IsDefault;
    }

    /// <summary>Whether it carries something of ours, so that there is something to clean up.</summary>
    public static bool IsMarked(ServiceView service) =>
        HasFinalizer(service) || service.Metadata.Annotations?.ContainsKey(Annotations.Node) == true
        || service.Metadata.Annotations?.ContainsKey(Annotations.Epoch) == true
        || (service.Status.Conditions is { } conditions && conditions.Any(ServiceChange.IsOurs));

    public static bool HasFinalizer(ServiceView service) =>
        service.Metadata.Finalizers?.Contains(Annotations.ServiceFinalizer) == true;
}
