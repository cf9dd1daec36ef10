using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Overview;

/// <summary>One step of an explanation.</summary>
/// <param name="IsGood">Whether it is as it should be.</param>
/// <param name="Text">A sentence.</param>
internal sealed record Step(bool IsGood, string Text);

/// <summary>
/// Why a Service has no address, or no answer: the way of an address from the Service to the wire, step by step, up to the first that
/// fails. Pure: from a picture to sentences. The refusals are the manager's own words, made by its own code.
/// </summary>
internal static class Explanation
{
    private const int MostNamed = 8;

    /// <param name="picture">What there is.</param>
    /// <param name="service">The Service.</param>
    /// <param name="endpoints">Where it has endpoints.</param>
    public static IEnumerable<Step> Of(ClusterPicture picture, ServiceView service, IReadOnlyCollection<EndpointPlace> endpoints)
    {
        var key = EntityKey.Of(service);
        if (NotOurs(picture, service) is { } foreign)
        {
            yield return foreign;
            yield break;
        }

        yield return new Step(true, $"Service '{key}' is served by PorterLB: {Because(service)}.");
        if (service.Metadata.DeletionTimestamp is not null)
        {
            yield return new Step(false, picture.Leader is null
                ? "It is being deleted and keeps its finalizer, because no manager leads that would take it off. Start a manager, or run porterlb uninstall."
                : "It is being deleted; it goes as soon as no node answers for its addresses any more.");
            yield break;
        }

        yield return picture.Leader is { } leader
            ? new Step(true, $"The manager {leader} leads.")
            : new Step(false, "No manager leads: nothing is given out and no node is elected, but what is announced stays. Look at the Pods of porterlb-manager.");

        var addresses = ServiceRequest.AddressesOf(service);
        var decision = picture.Decide(service);
        foreach (var address in addresses)
        {
            var eip = picture.EipOf(address);
            yield return eip is not null
                ? new Step(true, $"It has {address}, of Eip '{eip.Metadata.Name}'.")
                : new Step(true, $"It has {address}, which is in no Eip any more; it keeps it until it is released.");
        }

        if (decision.Refusal is { } refusal)
        {
            yield return new Step(false, refusal.Message);
        }
        else if (addresses.IsEmpty)
        {
            yield return new Step(false, $"It has no address yet, and would be given {string.Join(" and ", decision.Addresses)}{(picture.Leader is null ? " by a manager that leads" : " in a moment")}.");
        }

        // What only the manager saw: who wrote what stands there.
        if ((service.Status.Conditions ?? []).FirstOrDefault(condition => condition.Reason == "IngressOverwritten") is { } overwritten)
        {
            yield return new Step(false, overwritten.Message);
        }

        foreach (var step in addresses.SelectMany(address => OnTheWire(picture, service, address, endpoints)))
        {
            yield return step;
        }

        if (!addresses.IsEmpty && service.Spec.Selector is { Count: > 0 } && !endpoints.Any(place => place.Ready))
        {
            yield return new Step(false, "No endpoint of it is ready: connections are refused or get no answer. Look at its Pods and its selector.");
        }
    }

    /// <summary>What is known of an address that no Service has.</summary>
    public static Step OfFree(ClusterPicture picture, IPAddress address)
    {
        if (picture.EipOf(address) is not { } eip)
        {
            return new Step(false, $"{address} is in no Eip, and no Service has it.");
        }

        var pool = EipPools.Of(picture.Eips).First(pool => pool.Name == eip.Metadata.Name);
        var said = picture.AnnouncementsOf(address);
        return PoolChoice.Unavailable(pool) is { } why ? new Step(false, $"{address} is in Eip '{pool.Name}', which gives out nothing: it {why}.")
            : pool.Excludes.Any(range => range.Contains(address)) ? new Step(false, $"{address} is in Eip '{pool.Name}', which leaves it out by spec.excludes.")
            : !said.IsEmpty ? new Step(false, $"{address} is in Eip '{pool.Name}' and was released; {said[0].Node} still answers for it, and it is given out when that ends.")
            : new Step(true, $"{address} is in Eip '{pool.Name}', and free.");
    }

    private static Step? NotOurs(ClusterPicture picture, ServiceView service)
    {
        var key = EntityKey.Of(service);
        if (picture.Ownership.Owns(service))
        {
            return null;
        }

        var left = Ownership.IsMarked(service) ? " PorterLB served it before and takes its marks off as soon as no node answers for its addresses." : "";
        return service.Spec.Type != "LoadBalancer"
            ? new Step(false, $"Service '{key}' is of type {service.Spec.Type ?? "ClusterIP"}: only Services of type LoadBalancer get addresses.{left}")
            : !string.IsNullOrEmpty(service.Spec.LoadBalancerClass)
            ? new Step(false, $"Service '{key}' has spec.loadBalancerClass '{service.Spec.LoadBalancerClass}', which is another load balancer's; PorterLB's is '{picture.Ownership.LoadBalancerClass}'.{left}")
            : new Step(false, $"Service '{key}' does not ask for PorterLB: it has no class, and no annotation {Annotations.LoadBalancer} with porterlb, openelb or porter. "
                + $"Add one: kubectl -n {service.Metadata.NamespaceProperty} annotate service {service.Metadata.Name} {Annotations.LoadBalancer}=porterlb. (A manager with --default-load-balancer serves it all the same.){left}");
    }

    private static string Because(ServiceView service) =>
        !string.IsNullOrEmpty(service.Spec.LoadBalancerClass) ? $"spec.loadBalancerClass is '{service.Spec.LoadBalancerClass}'"
        : service.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotations.LoadBalancer, out var value) ? $"the annotation {Annotations.LoadBalancer} is '{value}'"
        : "the manager serves Services with neither class nor annotation";

    private static IEnumerable<Step> OnTheWire(ClusterPicture picture, ServiceView service, IPAddress address, IReadOnlyCollection<EndpointPlace> endpoints)
    {
        var said = picture.AnnouncementsOf(address);
        foreach (var item in said)
        {
            yield return new Step(said.Length == 1, $"{address} is answered for by node {item.Node}, interface {item.Interface}{(item.Mac is null ? "" : $", {item.Mac}")}, for {Age.Of(picture.Now - item.Since)}.");
        }

        if (said.Length > 1)
        {
            yield return new Step(false, $"{said.Length} nodes answer for {address}. That passes within a second; if it stays, they do not hear each other: look at the network between them (UDP port 7474 to 224.0.0.254).");
        }

        foreach (var (speaker, conflict) in picture.Speakers.SelectMany(speaker => speaker.Status.Conflicts.Where(conflict => conflict.Address == $"{address}").Select(conflict => (speaker, conflict))))
        {
            yield return new Step(false, $"Another machine, {conflict.Mac}, answers for {address}, as node {speaker.Metadata.Name} found on {conflict.Interface}. Take the address from that machine, or exclude it in the Eip.");
        }

        if (!said.IsEmpty)
        {
            yield break;
        }

        var elected = ElectionAnnotation.Read(service, [address]).Nodes.GetValueOrDefault(address);
        var reasons = picture.Nodes.Select(node => (node.Name, Why: picture.ObstacleOf(node, service, address, endpoints))).ToArray();
        var able = reasons.Where(reason => reason.Why is null).Select(reason => reason.Name).ToArray();
        yield return new Step(false, able.Length == 0
            ? $"{address} is not answered for, and no node may: {string.Join("; ", reasons.GroupBy(reason => reason.Why).Select(group => $"{string.Join(", ", group.Select(reason => reason.Name).Take(MostNamed))}: {group.Key}"))}."
            : elected is null ? $"{address} is not answered for: no node is elected yet; {string.Join(", ", able.Take(MostNamed))} may."
            : reasons.FirstOrDefault(reason => reason.Name == elected).Why is { } why
            ? $"{address} is not answered for: the elected node {elected} {why}; {string.Join(", ", able.Take(MostNamed))} may."
            : $"{address} is not answered for, although node {elected} is elected and may. Look at the log of its speaker.");
    }
}
