using FluentValidation;
using FluentValidation.Results;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>
/// What must hold for an Eip: said once, for the webhook, the controllers and the command. All problems at once, each with the field, the
/// user's own value and what would be right. What may be but looks like a slip is a warning.
/// </summary>
internal sealed class EipRules : AbstractValidator<V1Alpha2Eip>
{
    private static readonly (AddressRange Range, string What)[] Unusable =
    [
        (AddressRange.Parse("0.0.0.0/8"), "means \"this network\""),
        (AddressRange.Parse("127.0.0.0/8"), "is every machine's own loopback"),
        (AddressRange.Parse("169.254.0.0/16"), "is link-local, which no router forwards"),
        (AddressRange.Parse("224.0.0.0/4"), "is multicast"),
        (AddressRange.Parse("255.255.255.255"), "is the broadcast address"),
        (AddressRange.Parse("::"), "is the unspecified address"),
        (AddressRange.Parse("::1"), "is every machine's own loopback"),
        (AddressRange.Parse("fe80::/10"), "is link-local, which no router forwards"),
        (AddressRange.Parse("ff00::/8"), "is multicast"),
    ];

    /// <param name="others">The other Eips, for what concerns them together.</param>
    public EipRules(IEnumerable<V1Alpha2Eip> others)
    {
        RuleFor(eip => eip).Custom((eip, context) =>
        {
            if (!EipPools.Texts(eip).Any())
            {
                Fail(context, "spec.address", "is missing; write one address (192.168.0.91), a CIDR (192.168.0.0/28) or a range (192.168.0.91-192.168.0.104)");
            }

            Protocol(context, eip);
            var ranges = Addresses(context, eip);
            Excludes(context, eip, ranges);
            Interface(context, eip);
            Others(context, eip, ranges, others);
            if (eip.Spec.UsingKnownIPs)
            {
                Warn(context, "spec.usingKnownIPs", "has no effect, and never had in OpenELB; remove it");
            }
        });
    }

    private static void Protocol(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        if (eip.Spec.Protocol is { Length: > 0 } protocol && protocol != V1Alpha2EipSpec.Layer2)
        {
            Fail(context, "spec.protocol", protocol is "bgp" or "vip"
                ? $"is '{protocol}', which OpenELB has and PorterLB has not: it announces addresses on layer 2 only. Write layer2 or leave it out"
                : $"is '{protocol}'; write layer2 or leave it out");
        }
    }

    private static List<(string Field, AddressRange Range)> Addresses(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        var ranges = new List<(string Field, AddressRange Range)>();
        foreach (var (field, text) in Fields(eip))
        {
            if (!AddressRange.TryParse(text, out var range, out var problem))
            {
                Fail(context, field, Sentence(problem!, text));
                continue;
            }

            foreach (var (unusable, what) in Unusable)
            {
                if (range.Overlaps(unusable))
                {
                    Fail(context, field, $"'{text}' reaches into {(unusable.Size == 1 ? unusable : Cidr(unusable))}, which {what}; leave those addresses out");
                    break;
                }
            }

            var overlapped = ranges.FirstOrDefault(other => other.Range.Overlaps(range));
            if (overlapped.Field is not null)
            {
                Fail(context, field, $"'{text}' overlaps {overlapped.Field} ({overlapped.Range}) of the same Eip; write each address once");
            }

            if (text.Contains('/', StringComparison.Ordinal) && AddressText.TryParse(text[..text.IndexOf('/', StringComparison.Ordinal)].Trim(), out var address, out _)
                && !address.Equals(range.FirstAddress))
            {
                Warn(context, field, $"'{text}' has bits set beyond its prefix and is taken as {range.FirstAddress}{text[text.IndexOf('/', StringComparison.Ordinal)..].Trim()} ({range}); write it so, or as a range if you meant fewer addresses");
            }

            ranges.Add((field, range));
        }

        return ranges;
    }

    private static void Excludes(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip, List<(string Field, AddressRange Range)> ranges)
    {
        var excludes = eip.Spec.Excludes ?? [];
        for (var i = 0; i < excludes.Count; i++)
        {
            if (!AddressRange.TryParse(excludes[i], out var range, out var problem))
            {
                Fail(context, $"spec.excludes[{i}]", Sentence(problem!, excludes[i]));
            }
            else if (!ranges.Exists(other => other.Range.Overlaps(range)))
            {
                Warn(context, $"spec.excludes[{i}]", $"'{excludes[i]}' excludes nothing: it is outside of {string.Join(", ", ranges.Select(other => other.Range))}");
            }
        }
    }

    private static void Interface(ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip)
    {
        const string canReach = "can_reach:";
        var name = eip.Spec.Interface ?? "";
        if (name.StartsWith(canReach, StringComparison.Ordinal))
        {
            if (!AddressText.TryParse(name[canReach.Length..], out _, out var problem))
            {
                Fail(context, "spec.interface", $"'{name}': {problem}; write can_reach: and an address that the interface has a route to, as can_reach:192.168.0.1");
            }
        }
        else if (name == "lo")
        {
            Fail(context, "spec.interface", "'lo' is the loopback, where nobody asks; name the interface of the network, or leave it out");
        }
        else if (name.Length > 15 || name.Any(letter => char.IsWhiteSpace(letter) || letter is '/' or ':'))
        {
            Fail(context, "spec.interface", $"'{name}' is no interface name (at most 15 letters, no spaces, slashes or colons); write one as eth0, or can_reach:192.168.0.1");
        }
    }

    private static void Others(
        ValidationContext<V1Alpha2Eip> context, V1Alpha2Eip eip, List<(string Field, AddressRange Range)> ranges, IEnumerable<V1Alpha2Eip> others)
    {
        foreach (var other in others.Where(other => other.Metadata.Name != eip.Metadata.Name))
        {
            foreach (var (field, range) in ranges)
            {
                foreach (var taken in EipPools.RangesOf(other).Where(range.Overlaps))
                {
                    Fail(context, field, $"'{range}' overlaps Eip '{other.Metadata.Name}' ({taken}); an address belongs to one Eip: change one of the two");
                }
            }

            if (EipPools.IsDefault(eip) && EipPools.IsDefault(other) && other.Metadata.DeletionTimestamp is null)
            {
                Fail(context, $"metadata.annotations[{Annotations.DefaultEip}]", $"is \"true\", and Eip '{other.Metadata.Name}' is the default already; only one can be");
            }
        }
    }

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

    private static string Cidr(AddressRange range)
    {
        var bits = range.Family.Bits() - (int)System.Numerics.BigInteger.Log(range.Size, 2);
        return $"{range.FirstAddress}/{bits}";
    }

    private static void Fail(ValidationContext<V1Alpha2Eip> context, string field, string message) => context.AddFailure(new ValidationFailure(field, $"{field} {message}."));

    private static void Warn(ValidationContext<V1Alpha2Eip> context, string field, string message) =>
        context.AddFailure(new ValidationFailure(field, $"{field} {message}.") { Severity = Severity.Warning });
}
