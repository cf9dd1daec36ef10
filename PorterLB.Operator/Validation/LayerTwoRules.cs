using FluentValidation;
using FluentValidation.Results;
using PorterLB.Operator.Entities;
using PorterLB.Operator.LayerTwo;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Validation;

/// <summary>What must hold for a LayerTwoConfig: said once, for the webhook, the controller and the command, as <see cref="EipRules"/>.</summary>
internal sealed class LayerTwoRules : AbstractValidator<V1Alpha2LayerTwoConfig>
{
    private const int InterfaceNameMax = 15;

    private static readonly TimeSpan ShortestHeartbeat = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestHeartbeat = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestDeadAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ShortestRefresh = TimeSpan.FromSeconds(1);

    /// <param name="eips">All Eips, for what a config says about them.</param>
    /// <param name="nodes">All Nodes, likewise.</param>
    /// <param name="others">The other configs, for what they say together.</param>
    public LayerTwoRules(IReadOnlyCollection<V1Alpha2Eip> eips, IReadOnlyCollection<NodeView> nodes, IReadOnlyCollection<V1Alpha2LayerTwoConfig> others)
    {
        RuleFor(config => config).Custom((config, context) =>
        {
            Times(context, config.Spec);
            Selectors(context, config.Spec, nodes);
            Interfaces(context, config.Spec);
            Pools(context, config, eips, others);
        });
    }

    private static void Times(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec)
    {
        var (heartbeat, deadAfter, refresh) = (spec.Failover.HeartbeatInterval, spec.Failover.DeadAfter, spec.Announcement.RefreshInterval);
        if (heartbeat.Value < ShortestHeartbeat || heartbeat.Value > LongestHeartbeat)
        {
            Fail(context, "spec.failover.heartbeatInterval", $"is {heartbeat}; use {new Duration(ShortestHeartbeat)} to {new Duration(LongestHeartbeat)} (100ms is the default)");
        }
        else if (deadAfter.Value < heartbeat.Value * 3)
        {
            Fail(
                context,
                "spec.failover.deadAfter",
                $"is {deadAfter}, less than three times heartbeatInterval ({heartbeat}): two lost hellos would kill a node. Use {new Duration(heartbeat.Value * 3)} or more, best {new Duration(heartbeat.Value * 4)}");
        }

        if (deadAfter.Value > LongestDeadAfter)
        {
            Fail(context, "spec.failover.deadAfter", $"is {deadAfter}; use at most {new Duration(LongestDeadAfter)}: so long does an address stay silent when its node dies");
        }

        if (refresh.Value > TimeSpan.Zero && refresh.Value < ShortestRefresh)
        {
            Fail(context, "spec.announcement.refreshInterval", $"is {refresh}; use 0 for never, or {new Duration(ShortestRefresh)} or more: neighbours ignore what comes faster");
        }
    }

    private static void Selectors(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec, IReadOnlyCollection<NodeView> nodes)
    {
        Selector(context, "spec.eipSelector", spec.EipSelector);
        Selector(context, "spec.serviceSelector", spec.ServiceSelector);
        if (Selector(context, "spec.nodeSelector", spec.NodeSelector) && spec.NodeSelector is { } selector
            && nodes.Count > 0 && !nodes.Any(node => selector.Matches(node.Metadata.Labels)))
        {
            Warn(context, "spec.nodeSelector", "matches none of the present Nodes: nothing that this config governs will be announced");
        }

        for (var i = 0; i < spec.PreferredNodes.Count; i++)
        {
            var preferred = spec.PreferredNodes[i];
            if (preferred.Weight is < 1 or > 100)
            {
                Fail(context, $"spec.preferredNodes[{i}].weight", $"is {preferred.Weight}; use 1 to 100");
            }

            Selector(context, $"spec.preferredNodes[{i}].selector", preferred.Selector);
        }
    }

    private static bool Selector(ValidationContext<V1Alpha2LayerTwoConfig> context, string field, LabelSelector? selector)
    {
        var good = true;
        for (var i = 0; i < (selector?.MatchExpressions?.Count ?? 0); i++)
        {
            var requirement = selector!.MatchExpressions![i];
            var (problem, values) = (requirement.Operator, requirement.Values?.Count ?? 0) switch
            {
                (LabelSelectorOperator.In or LabelSelectorOperator.NotIn, 0) => ("needs at least one", "values"),
                (LabelSelectorOperator.Exists or LabelSelectorOperator.DoesNotExist, > 0) => ($"must be empty for {requirement.Operator}; use In or NotIn to compare", "values"),
                _ when requirement.Key.Length == 0 => ("is missing; name the label", "key"),
                _ => (null, ""),
            };
            if (problem is not null)
            {
                good = false;
                Fail(context, $"{field}.matchExpressions[{i}].{values}", problem);
            }
        }

        return good;
    }

    private static void Interfaces(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec)
    {
        for (var i = 0; i < spec.Interfaces.Count; i++)
        {
            var name = spec.Interfaces[i];
            if (name == "lo")
            {
                Fail(context, $"spec.interfaces[{i}]", "'lo' is the loopback, where nobody asks; name the interface of the network");
            }
            else if (name.Length == 0 || name.Any(letter => char.IsWhiteSpace(letter) || letter is '/' or ':')
                || (name.Length > InterfaceNameMax && !name.Any(letter => letter is '*' or '?')))
            {
                Fail(context, $"spec.interfaces[{i}]", $"'{name}' is no interface name (1 to {InterfaceNameMax} letters, no spaces, slashes or colons; * and ? stand for others); write one as eth0 or en*");
            }
        }
    }

    private static void Pools(
        ValidationContext<V1Alpha2LayerTwoConfig> context,
        V1Alpha2LayerTwoConfig config,
        IReadOnlyCollection<V1Alpha2Eip> eips,
        IReadOnlyCollection<V1Alpha2LayerTwoConfig> others)
    {
        for (var i = 0; i < config.Spec.Eips.Count; i++)
        {
            if (!eips.Any(eip => eip.Metadata.Name == config.Spec.Eips[i]))
            {
                Warn(context, $"spec.eips[{i}]", $"'{config.Spec.Eips[i]}' is no Eip yet; it is governed as soon as it exists");
            }
        }

        foreach (var other in others.Where(other => other.Metadata.Name != config.Metadata.Name))
        {
            var both = eips.Where(eip => LayerTwoPolicy.Governs(config, eip) && LayerTwoPolicy.Governs(other, eip)).Select(eip => eip.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
            if (both.Length > 0 && (config.Spec.ServiceSelector is null || other.Spec.ServiceSelector is null) && config.Spec.Failover != other.Spec.Failover)
            {
                Warn(context, "spec.failover", $"differs from LayerTwoConfig '{other.Metadata.Name}', which governs {string.Join(", ", both)} too: the shorter times hold there");
            }
        }
    }

    private static void Fail(ValidationContext<V1Alpha2LayerTwoConfig> context, string field, string message) =>
        context.AddFailure(new ValidationFailure(field, $"{field} {message}."));

    private static void Warn(ValidationContext<V1Alpha2LayerTwoConfig> context, string field, string message) =>
        context.AddFailure(new ValidationFailure(field, $"{field} {message}.") { Severity = Severity.Warning });
}
