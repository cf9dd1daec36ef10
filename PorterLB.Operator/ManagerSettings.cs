namespace PorterLB.Operator;

/// <summary>What the manager's flags say about Services and nodes.</summary>
/// <param name="LoadBalancerClass">The <c>spec.loadBalancerClass</c> that is ours.</param>
/// <param name="DefaultLoadBalancer">Whether Services with neither class nor annotation are ours, too.</param>
/// <param name="IgnoreExcludeLabel">Whether nodes that are excluded from load balancers may announce all the same.</param>
internal sealed record ManagerSettings(string LoadBalancerClass, bool DefaultLoadBalancer, bool IgnoreExcludeLabel)
{
    public const string DefaultClass = "porterlb.io/layer2";
}
