using System.IO.Enumeration;
using FluentValidation;
using FluentValidation.Results;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>
/// What must hold for an Eip: said once, for the webhook, the controllers and the command. All problems at once, each with the field, the
/// user's own value and what would be right. What may be but looks like a slip is a warning.
/// </summary>
internal sealed class EipRules : AbstractValidator<V1Alpha2Eip>
{
    private const string CanReach = "can_reach:";
    private const string InterfaceForms = "Write a name as eth0 (at most 15 letters, no spaces, slashes or colons), or can_reach:192.168.0.1, or leave it out";

    private static readonly (AddressRange Range, string Text, string What)[] Unusable =
    [
        (AddressRange.Parse("0.0.0.0/8"), "0.0.0.0/8", "means \"this network\""),
        (AddressRange.Parse("127.0.0.0/8"), "127.0.0.0/8", "is every machine's own loopback"),
        (AddressRange.Parse("169.254.0.0/16"), "169.254.0.0/16", "is link-local, which no router forwards"),
        (AddressRange.Parse("224.0.0.0/4"), "224.0.0.0/4", "is multicast"),
        (AddressRange.Parse("255.255.255.255"), "255.255.255.255", "is the broadcast address"),
        (AddressRange.Parse("::"), "::", "is the unspecified address"),
        (AddressRange.Parse("::1"), "::1", "is every machine's own loopback"),
        (new AddressRange(IpFamily.IPv6, (UInt128)0xffff << 32, ((UInt128)0xffff << 32) | uint.MaxValue), "::ffff:0:0/96", "is IPv4 in IPv6 form"),
        (AddressRange.Parse("fe80::/10"), "fe80::/10", "is link-local, which no router forwards"),
        (AddressRange.Parse("ff00::/8"), "ff00::/8", "is multicast"),
    ];

    private readonly Surroundings _around;

    /// <param name="others">The other Eips, for what concerns them together.</param>
    public EipRules(IEnumerable<V1Alpha2Eip> others)
        : this(new Surroundings { Eips = [.. others] })
    {
    }

    public EipRules(Surroundings around)
    {
        _around = around;
        RuleFor(eip => eip).Custom((eip, context) =>
        {
            if (!EipPools.Texts(eip).Any())
            {
                Add(context, Rules.EipAddressMissing, "spec.address", "is missing: there is nothing to give out. Write one address (192.168.0.91), a CIDR (192.168.0.0/28) or a range (192.168.0.91-192.168.0.104)");
            }

            Protocol(context, eip);
            var ranges = Addresses(context, eip);
            Excludes(context, eip, ranges);
            foreach (var (field, problem) in SelectorProblems.Of("spec.serviceSelector", eip.Spec.ServiceSelector))
            {
                Add(context, Rules.EipSelector, field, problem);
            }

            Interface(context, eip);
            Others(context, eip, ranges);
            Slips(context, eip, ranges);
        });
    }

    private static void Protocol(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        if (eip.Spec.Protocol is { Length: > 0 } protocol && protocol != V1Alpha2EipSpec.Layer2)
        {
            Add(context, Rules.EipProtocol, "spec.protocol", protocol is "bgp" or "vip"
                ? $"'{protocol}' is served by OpenELB and not by PorterLB, which announces addresses on layer 2 only. Write layer2, or leave it out"
                : $"'{protocol}' is no protocol that PorterLB knows. Write layer2, or leave it out");
        }
    }

    private static List<(string Field, string Text, AddressRange Range)> Addresses(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        var ranges = new List<(string Field, string Text, AddressRange Range)>();
        foreach (var (field, text) in Fields(eip))
        {
            if (!AddressRange.TryParse(text, out var range, out var problem))
            {
                Add(context, Rules.EipAddressUnreadable, field, Sentence(problem!, text));
                continue;
            }

            if (Unusable.FirstOrDefault(unusable => range.Overlaps(unusable.Range)) is { Text: not null } reached)
            {
                Add(context, Rules.EipAddressUnusable, field, $"'{text}' reaches into {reached.Text}, which {reached.What}. Leave those addresses out");
            }

            var overlapped = ranges.FirstOrDefault(other => other.Range.Overlaps(range));
            if (overlapped.Field is not null)
            {
                Add(context, Rules.EipOverlapsItself, field, $"'{text}' overlaps {overlapped.Field} ({overlapped.Range}) of the same Eip. Write each address once");
            }

            var slash = text.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && AddressText.TryParse(text[..slash].Trim(), out var address, out _) && !address.Equals(range.FirstAddress))
            {
                Add(context, Rules.EipHostBits, field, $"'{text}' has bits set beyond its prefix and is taken as {range.FirstAddress}{text[slash..].Trim()} ({range}). Write it so, or as a range if you meant fewer addresses");
            }

            ranges.Add((field, text.Trim(), range));
        }

        return ranges;
    }

    private static void Excludes(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip, List<(string Field, string Text, AddressRange Range)> ranges)
    {
        var excludes = eip.Spec.Excludes ?? [];
        var read = new List<AddressRange>();
        for (var i = 0; i < excludes.Count; i++)
        {
            if (!AddressRange.TryParse(excludes[i], out var range, out var problem))
            {
                Add(context, Rules.EipExcludeUnreadable, $"spec.excludes[{i}]", Sentence(problem!, excludes[i]));
                continue;
            }

            read.Add(range);
            if (ranges.Count > 0 && !ranges.Exists(other => other.Range.Overlaps(range)))
            {
                Add(context, Rules.EipExcludesNothing, $"spec.excludes[{i}]", $"'{excludes[i]}' excludes nothing: it is outside of {string.Join(", ", ranges.Select(other => other.Range))}. Remove it, or correct it");
            }
        }

        var left = ranges.GroupBy(range => range.Range.Family).Sum(family =>
            RangeSet.Except(RangeSet.Union(family.Select(item => item.Range)), RangeSet.Union(read.Where(range => range.Family == family.Key))).Length);
        if (ranges.Count > 0 && read.Count > 0 && left == 0)
        {
            Add(context, Rules.EipExcludesAll, "spec.excludes", $"leaves nothing of {string.Join(", ", ranges.Select(other => other.Range))}: no Service will get an address from here. Exclude less, or set spec.disable if that is meant");
        }
    }

    private static void Interface(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        var name = eip.Spec.Interface ?? "";
        if (name.StartsWith(CanReach, StringComparison.Ordinal))
        {
            if (!AddressText.TryParse(name[CanReach.Length..], out _, out var problem))
            {
                Add(context, Rules.EipInterface, "spec.interface", $"'{name}' names no address to reach: {problem}. Write can_reach: and an address that the interface has a route to, as can_reach:192.168.0.1");
            }
        }
        else if (name == "lo")
        {
            Add(context, Rules.EipInterface, "spec.interface", "'lo' is the loopback, where nobody asks. Name the interface of the network, or leave it out");
        }
        else if (name.Length > 15 || name.Any(letter => char.IsWhiteSpace(letter) || letter is '/' or ':'))
        {
            Add(context, Rules.EipInterface, "spec.interface", $"'{name}' is no name that an interface can have. {InterfaceForms}");
        }
    }

    private void Others(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip, List<(string Field, string Text, AddressRange Range)> ranges)
    {
        foreach (var other in _around.Eips.Where(other => other.Metadata.Name != eip.Metadata.Name))
        {
            // An Eip on its way out gives out nothing: over it a new one takes over its Services, which is how an Eip is renamed or split.
            foreach (var (field, text, range) in other.Metadata.DeletionTimestamp is null ? ranges : [])
            {
                foreach (var taken in EipPools.RangesOf(other).Where(range.Overlaps))
                {
                    Add(context, Rules.EipOverlapsOther, field, $"'{text}' overlaps Eip '{other.Metadata.Name}' ({taken}). An address belongs to one Eip: change one of the two");
                }
            }

            if (EipPools.IsDefault(eip) && EipPools.IsDefault(other) && other.Metadata.DeletionTimestamp is null)
            {
                Add(context, Rules.EipSecondDefault, $"metadata.annotations[{Annotations.DefaultEip}]", $"is \"true\", and Eip '{other.Metadata.Name}' is the default already. Only one can be: remove the annotation from one of the two");
            }
        }
    }

    // What may be right, and mostly is not.
    private void Slips(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip, List<(string Field, string Text, AddressRange Range)> ranges)
    {
        if (eip.Spec.UsingKnownIPs)
        {
            Add(context, Rules.EipUsingKnownIPs, "spec.usingKnownIPs", "has no effect here, and had none in OpenELB. Remove it");
        }

        var namespaces = _around.Namespaces?.Select(item => item.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var named = eip.Spec.Namespaces ?? [];
        for (var i = 0; i < named.Count && namespaces is not null; i++)
        {
            if (!namespaces.Contains(named[i]))
            {
                Add(context, Rules.EipUnknownNamespace, $"spec.namespaces[{i}]", $"'{named[i]}' is no namespace yet: nobody gets an address through it until it exists. Create it, or correct the name");
            }
        }

        if (_around.Namespaces is { } all && eip.Spec.NamespaceSelector is { Count: > 0 } selector
            && !all.Any(item => new LabelSelector { MatchLabels = selector }.Matches(item.Metadata.Labels)))
        {
            var labels = List(selector.Select(label => $"{label.Key}={label.Value}").Order(StringComparer.Ordinal));
            Add(context, Rules.EipUnknownNamespace, "spec.namespaceSelector", $"'{labels}' matches no namespace yet: nobody gets an address through it until one has these labels. Label a namespace, or correct the selector");
        }

        Default(context, eip);
        NamedInterface(context, eip);
        var pool = EipPools.Of(eip);
        var hosts = HostAddresses.Of(_around.Nodes ?? [], _around.Speakers ?? []).Where(host => pool.Offers(host.Address)).ToArray();
        foreach (var (field, text, range) in ranges)
        {
            var held = hosts.Where(host => range.Contains(host.Address)).ToLookup(host => host.Kind == HostKind.SubnetEnd);
            if (held[false].Any())
            {
                Add(context, Rules.EipHoldsNode, field, $"'{text}' holds the address of {List(held[false].Select(host => $"{host.Host} ({host.Address})"))}: a Service that is given it takes the node off the network. Put it into spec.excludes");
            }

            if (held[true].Any())
            {
                Add(context, Rules.EipHoldsSubnetEnd, field, $"'{text}' holds the address of {List(held[true].Select(host => $"{host.Host} ({host.Address})"))}: a Service that is given it is reached by nobody. Put it into spec.excludes");
            }

            var interfaces = (_around.Speakers ?? []).SelectMany(speaker => NodeFacts.InterfacesOf(speaker)).Where(item => item.Usable).ToArray();
            if (string.IsNullOrEmpty(eip.Spec.Interface) && _around.Configs.All(config => config.Spec.Interfaces.Count == 0) && interfaces.Length > 0
                && !interfaces.Any(item => item.Subnets.Any(subnet => AddressRange.Parse($"{subnet}").Overlaps(range))))
            {
                var subnets = interfaces.SelectMany(item => item.Subnets).Where(subnet => subnet.BaseAddress.Family() == range.Family).Select(subnet => $"{subnet}").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
                Add(context, Rules.EipOffSegment, field, $"'{text}' is in no subnet of any node's interface ({List(subnets)}): no node will answer for it. Use addresses of the nodes' own network, or name the interface in spec.interface");
            }
        }
    }

    private static void Default(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        const string Field = $"metadata.annotations[{Annotations.DefaultEip}]";
        if (EipPools.IsDefault(eip))
        {
            if (!eip.Spec.AutoAssign)
            {
                Add(context, Rules.EipDefault, Field, "is \"true\", and spec.autoAssign is false: the Eip serves only who names it, and is nobody's default. Remove one of the two");
            }
        }
        else if (eip.Metadata.Annotations is { } annotations && annotations.TryGetValue(Annotations.DefaultEip, out var value)
            && !value.Equals("false", StringComparison.OrdinalIgnoreCase))
        {
            Add(context, Rules.EipDefault, Field, $"'{value}' does not make it the default Eip. Write \"true\", in quotes, or remove the annotation");
        }
    }

    private void NamedInterface(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        var name = eip.Spec.Interface ?? "";
        var present = _around.InterfaceNames;
        if (name.Length > 0 && name != "lo" && !name.StartsWith(CanReach, StringComparison.Ordinal) && present.Length > 0
            && !present.Any(item => FileSystemName.MatchesSimpleExpression(name, item, ignoreCase: false))
            && LayerTwoPolicy.For(eip, null, _around.Configs).Interfaces.IsEmpty)
        {
            Add(context, Rules.EipNoInterface, "spec.interface", $"'{name}' is no interface of any node ({List(present)}): no node will answer for these addresses. Correct the name, or leave it out, and each node takes the interface whose subnet holds the address");
        }
    }

    private static string List(IEnumerable<string> all) => Enumeration.Of(all, none: "none");

    private static IEnumerable<(string Field, string Text)> Fields(V1Alpha2Eip eip)
    {
        if (!string.IsNullOrWhiteSpace(eip.Spec.Address))
        {
            yield return ("spec.address", eip.Spec.Address);
        }

        for (var i = 0; i < (eip.Spec.Addresses?.Count ?? 0); i++)
        {
            yield return ($"spec.addresses[{i}]", eip.Spec.Addresses![i]);
        }
    }

    private static string Sentence(string problem, string text) => problem.StartsWith('\'') || text.Length == 0 ? problem : $"'{text}': {problem}";

    private static void Add(ValidationContext<V1Alpha2Eip> context, Rule rule, string field, string message) =>
        context.AddFailure(new ValidationFailure(field, $"{message}.") { ErrorCode = rule.Name, Severity = rule.Severity });
}
