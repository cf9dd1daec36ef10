using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Services;

/// <summary>Elects the nodes of a Service's addresses, from caches.</summary>
internal sealed class ServiceElections(
    ManagerSettings settings,
    ClusterState cluster,
    Announcements announcements,
    ElectionBook book,
    IEntityCache<V1Alpha2Eip> eips,
    IEntityCache<V1Alpha2LayerTwoConfig> configs,
    IEntityCache<EndpointsView> endpoints,
    IEntityCache<ServiceView> services,
    Allocator allocator,
    TimeProvider time)
{
    // A condition's message has room for 32,768.
    private const int LongestDescription = 30_000;

    /// <summary>The elections of all addresses, and the epoch that they stand under together; booked, not yet written.</summary>
    public (IReadOnlyList<AddressElection> Elections, long? Epoch) Elect(ServiceView service, Allocation allocation)
    {
        var (annotated, annotatedEpoch) = ElectionAnnotation.Read(service, allocation.Addresses);
        var looks = new List<Look>(allocation.Addresses.Length);
        for (var i = 0; i < allocation.Addresses.Length; i++)
        {
            var address = allocation.Addresses[i];
            var candidates = Candidates(service, address, i < allocation.Origins.Length ? allocation.Origins[i] : "");
            var before = annotated.GetValueOrDefault(address);
            var known = book.Of(address);
            var standing = book.StandingOf(address);
            var reconsideration = book.TakeReconsideration(address);
            Ballot? ballot = null;
            var decision = book.Elect(address, stands =>
            {
                ballot = Ballot(address, stands?.Node ?? before, candidates, looks.Count > 0 ? looks[0].Decision.Node : null) with { Reconsideration = reconsideration };

                return before is not null && candidates.Eligible.Contains(before, StringComparer.Ordinal) && IsByHand(before, annotatedEpoch, stands, standing)
                    ? new Decision(before, Verdict.Moved)
                    : NodeElection.Decide(ballot);
            });
            if (decision is { Verdict: Verdict.Stays, LookAgainAfter: not null })
            {
                // A successor on the wire is not settled yet: one thing after the other.
                book.Reconsider(address, reconsideration);
            }

            looks.Add(new Look(address, candidates, before, known, ballot!, decision));
        }

        var settled = JointElection.Settle([.. looks.Select(look => (look.Ballot, look.Decision))]);
        var elections = new List<AddressElection>(looks.Count);
        var renewed = false;
        foreach (var (look, decision) in looks.Zip(settled))
        {
            var (address, candidates, before, known, _, _) = look;
            if (decision != look.Decision)
            {
                book.Set(address, new Election.Election(decision.Node, known?.Epoch ?? 0));
            }

            if (known is null && before is not null && decision.Node == before && annotatedEpoch is { } epoch)
            {
                // First sight of a Service that a former leader served.
                book.Set(address, new Election.Election(before, epoch));
                book.Stands(address, new Election.Election(before, epoch));
            }
            else
            {
                renewed |= decision.Node is not null && decision.Node != known?.Node;
            }

            if (known is { } booked && booked == new Election.Election(before, annotatedEpoch ?? 0))
            {
                book.Stands(address, booked);
            }

            // A lower epoch than ours is merely older: our write has not succeeded yet. The same one beside another node is somebody else's.
            var forged = known is not null && decision.Verdict == Verdict.Stays
                && (annotatedEpoch is null ? HasNode(service) : annotatedEpoch == known.Value.Epoch && before is not null && before != decision.Node);
            elections.Add(new AddressElection(address, before, decision)
            {
                Forged = forged,
                Obstacles = decision.Verdict == Verdict.Nobody ? candidates.Describe() : forged && before is not null ? candidates.WhyNot(before) : null,
            });
        }

        if (elections.TrueForAll(election => election.Decision.Node is null))
        {
            return (elections, null);
        }

        // One epoch for all addresses of a Service: the highest of theirs, or a new one.
        var common = renewed
            ? book.NextEpoch(service.Metadata.ResourceVersion)
            : elections.Max(election => book.Of(election.Address)?.Epoch ?? 0);
        foreach (var election in elections)
        {
            book.Set(election.Address, new Election.Election(election.Decision.Node, common));
        }

        return (elections, common);
    }

    /// <summary>
    /// Whether somebody wrote another node into the election that stood on the Service, so that the address is wanted there. It may be the
    /// one booked last, or the one before, when the write of the last lost to that very change.
    /// </summary>
    private static bool IsByHand(string before, long? epoch, Election.Election? booked, Election.Election? standing) =>
        booked is { Node: { } node } && before != node && epoch is not null
        && (epoch == booked.Value.Epoch || (standing is { } seen && epoch == seen.Epoch && before != seen.Node));

    private static bool HasNode(ServiceView service) => service.Metadata.Annotations?.ContainsKey(Annotations.Node) == true;

    private Ballot Ballot(IPAddress address, string? elected, NodeCandidates candidates, string? companion) => new()
    {
        Elected = elected,
        Eligible = candidates.Eligible,
        ElectedIsGone = elected is not null && candidates.Gone.Contains(elected),
        GoneFor = elected is null ? TimeSpan.Zero : cluster.GoneFor(elected),
        Holders =
        [
            .. announcements.Of(address).Select(item => new Holder(item.Node, item.Epoch, item.Term, time.GetElapsedTime(item.SeenAt))),
        ],
        Load = book.LoadOf,
        Preference = candidates.Preference,
        Companion = companion,
        Neighbor = address.ToNumber() is var number && number > 0 ? book.Of((number - 1).ToAddress(address.Family()))?.Node : null,
    };

    /// <summary>The next election of the Service's addresses may move them, where this says so.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="why">What may move them.</param>
    /// <param name="applies">Whether it does so for an address of this Eip.</param>
    /// <returns>Whether there is anything to elect anew.</returns>
    public bool Reconsider(ServiceView service, Reconsideration why, Func<V1Alpha2Eip?, bool> applies)
    {
        var any = false;
        foreach (var address in ServiceRequest.AddressesOf(service))
        {
            if (book.Of(address) is not null && applies(EipOf(address, "")))
            {
                book.Reconsider(address, why);
                any = true;
            }
        }

        return any;
    }

    private V1Alpha2Eip? EipOf(IPAddress address, string origin) =>
        eips.List().FirstOrDefault(eip => EipPools.Holds(eip, address)) ?? (origin.Length > 0 ? eips.Get(new EntityKey(null, origin)) : null);

    private NodeCandidates Candidates(ServiceView service, IPAddress address, string origin)
    {
        var eip = EipOf(address, origin);
        var policy = LayerTwoPolicy.For(eip, service.Metadata.Labels, configs.List());
        var interfaces = RightsInterfaces.Of(policy, eip);
        var reasons = new List<(string Node, string Why)>();
        var allowed = cluster.Nodes.ToList();
        RuleOut(service, policy, allowed, reasons, why => why);

        // One node answers for all who share the address, as in the rights of the speakers: two that want other nodes would move it for ever.
        foreach (var other in SharingWith(service, address))
        {
            RuleOut(
                other,
                LayerTwoPolicy.For(eip, other.Metadata.Labels, configs.List()),
                allowed,
                reasons,
                why => Eligibility.OfSharing(EntityKey.Of(other), why));
        }

        var eligible = ImmutableArray.CreateBuilder<string>();
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in allowed)
        {
            if (Eligibility.Unable(node, address, interfaces) is { } why)
            {
                reasons.Add((node.Name, why));
                gone.Add(node.Name);
            }
            else
            {
                eligible.Add(node.Name);
            }
        }

        var facts = allowed.ToDictionary(node => node.Name, node => node.Node, StringComparer.Ordinal);
        return new NodeCandidates(eligible.ToImmutable(), gone, reasons, node => facts.TryGetValue(node, out var view) ? policy.Preference(view) : 0);
    }

    private IEnumerable<ServiceView> SharingWith(ServiceView service, IPAddress address)
    {
        var key = EntityKey.Of(service);
        return allocator.UsersOf(address).Where(user => user != key).Select(services.Get).OfType<ServiceView>().Where(other => other.Metadata.DeletionTimestamp is null);
    }

    // Takes off the nodes that may not answer for a Service, and notes why.
    private void RuleOut(ServiceView service, LayerTwoPolicy policy, List<NodeFacts> allowed, List<(string Node, string Why)> reasons, Func<string, string> say)
    {
        allowed.RemoveAll(node =>
        {
            var why = Eligibility.RuledOut(node.Node, policy, settings.IgnoreExcludeLabel);
            if (why is not null)
            {
                reasons.Add((node.Name, say(why)));
            }

            return why is not null;
        });
        if (service.Spec.ExternalTrafficPolicy != "Local")
        {
            return;
        }

        var places = endpoints.ByIndex(EndpointsView.ByService, $"{EntityKey.Of(service)}").SelectMany(view => view.Places).ToArray();
        var local = Eligibility.WithEndpoint(places, [.. allowed.Select(node => node.Node)]).Select(node => node.Name).ToHashSet(StringComparer.Ordinal);
        reasons.AddRange(allowed.Where(node => !local.Contains(node.Name)).Select(node => (node.Name, say("has no endpoint of the Service (externalTrafficPolicy Local)"))));
        allowed.RemoveAll(node => !local.Contains(node.Name));
    }

    /// <summary>An address, and what was decided for it alone.</summary>
    private sealed record Look(IPAddress Address, NodeCandidates Candidates, string? Before, Election.Election? Known, Ballot Ballot, Decision Decision);

    private sealed record NodeCandidates(
        ImmutableArray<string> Eligible, IReadOnlySet<string> Gone, List<(string Node, string Why)> Reasons, Func<string, int> Preference)
    {
        /// <summary>Every node with its reason; alike ones in one breath.</summary>
        public string Describe()
        {
            var text = Reasons.Count == 0
                ? "there is no Node."
                : string.Join("; ", Reasons.GroupBy(reason => reason.Why, StringComparer.Ordinal).Select(group => Phrase([.. group.Select(reason => reason.Node)], group.Key))) + ".";
            return text.Length <= LongestDescription ? text : text[..LongestDescription] + " …";
        }

        public string WhyNot(string node) =>
            Reasons.Find(reason => reason.Node == node) is { Why: { } why } ? $"node {node}: {why}" : $"there is no Node {node}";

        private static string Phrase(string[] nodes, string why) =>
            $"node{(nodes.Length > 1 ? "s" : "")} {string.Join(", ", nodes.Order(StringComparer.Ordinal))}: {why}";
    }
}
