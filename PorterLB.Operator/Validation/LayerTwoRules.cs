using System.IO.Enumeration;
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
        : this(new Surroundings { Eips = eips, Nodes = nodes, Configs = others })
    {
    }

    public LayerTwoRules(Surroundings around)
    {
        RuleFor(config => config).Custom((config, context) =>
        {
            Times(context, config.Spec);
            Selectors(context, config.Spec, around);
            Interfaces(context, config.Spec, around);
            Pools(context, config, around);
        });
    }

    private static void Times(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec)
    {
        var (heartbeat, deadAfter, refresh) = (spec.Failover.HeartbeatInterval, spec.Failover.DeadAfter, spec.Announcement.RefreshInterval);
        if (heartbeat.Value < ShortestHeartbeat || heartbeat.Value > LongestHeartbeat)
        {
            Add(
                context,
                Rules.LayerTwoHeartbeat,
                "spec.failover.heartbeatInterval",
                heartbeat.Value < ShortestHeartbeat
                    ? $"'{heartbeat}' is too short: a busy node could not keep it up, and would be taken for dead. Use {new Duration(ShortestHeartbeat)} to {new Duration(LongestHeartbeat)}; 100ms is the default"
                    : $"'{heartbeat}' is too long: a dead node is noticed after three of them at the earliest. Use {new Duration(ShortestHeartbeat)} to {new Duration(LongestHeartbeat)}; 100ms is the default");
        }
        else if (deadAfter.Value < heartbeat.Value * 3)
        {
            Add(
                context,
                Rules.LayerTwoDeadAfter,
                "spec.failover.deadAfter",
                $"'{deadAfter}' is less than three times heartbeatInterval ({heartbeat}): two lost hellos would kill a node. Use {new Duration(heartbeat.Value * 3)} or more, best {new Duration(heartbeat.Value * 4)}");
        }

        if (deadAfter.Value > LongestDeadAfter)
        {
            Add(context, Rules.LayerTwoDeadAfter, "spec.failover.deadAfter", $"'{deadAfter}' is how long an address stays silent when its node dies. Use at most {new Duration(LongestDeadAfter)}");
        }

        if (refresh.Value > TimeSpan.Zero && refresh.Value < ShortestRefresh)
        {
            Add(context, Rules.LayerTwoRefresh, "spec.announcement.refreshInterval", $"'{refresh}' floods the segment, and neighbours ignore what comes faster than each second. Use 0 for never, or {new Duration(ShortestRefresh)} or more");
        }
    }

    private static void Selectors(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec, Surroundings around)
    {
        if (Selector(context, "spec.eipSelector", spec.EipSelector) && spec.EipSelector is { } eips
            && around.IsWhole && !around.Eips.Any(eip => eips.Matches(eip.Metadata.Labels)))
        {
            Add(context, Rules.LayerTwoNoEip, "spec.eipSelector", "matches none of the present Eips: the config governs nothing through it. Label an Eip, or correct the selector");
        }

        Selector(context, "spec.serviceSelector", spec.ServiceSelector);
        if (Selector(context, "spec.nodeSelector", spec.NodeSelector) && spec.NodeSelector is { } selector
            && around.Nodes is { Count: > 0 } nodes && !nodes.Any(node => selector.Matches(node.Metadata.Labels)))
        {
            Add(context, Rules.LayerTwoNoNode, "spec.nodeSelector", $"matches none of the {nodes.Count} present Nodes: nothing that this config governs will be announced. Label a Node, or correct the selector");
        }

        for (var i = 0; i < spec.PreferredNodes.Count; i++)
        {
            var preferred = spec.PreferredNodes[i];
            if (preferred.Weight is < 1 or > 100)
            {
                Add(context, Rules.LayerTwoWeight, $"spec.preferredNodes[{i}].weight", $"'{preferred.Weight}' is no weight. Use 1 to 100; the weights of all that match a node are added");
            }

            Selector(context, $"spec.preferredNodes[{i}].selector", preferred.Selector);
        }
    }

    private static bool Selector(ValidationContext<V1Alpha2LayerTwoConfig> context, string field, LabelSelector? selector)
    {
        var problems = SelectorProblems.Of(field, selector).ToArray();
        foreach (var (where, problem) in problems)
        {
            Add(context, Rules.LayerTwoSelector, where, problem);
        }

        return problems.Length == 0;
    }

    private static void Interfaces(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfigSpec spec, Surroundings around)
    {
        var present = around.InterfaceNames;
        for (var i = 0; i < spec.Interfaces.Count; i++)
        {
            var (name, field) = (spec.Interfaces[i], $"spec.interfaces[{i}]");
            if (name == "lo")
            {
                Add(context, Rules.LayerTwoInterface, field, "'lo' is the loopback, where nobody asks. Name the interface of the network");
            }
            else if (name.Length == 0 || name.Any(letter => char.IsWhiteSpace(letter) || letter is '/' or ':')
                || (name.Length > InterfaceNameMax && !name.Any(letter => letter is '*' or '?')))
            {
                Add(context, Rules.LayerTwoInterface, field, $"'{name}' is no name that an interface can have. Write one as eth0 (1 to {InterfaceNameMax} letters, no spaces, slashes or colons), or a pattern as en* (* and ? stand for others)");
            }
            else if (present.Length > 0 && !present.Any(item => FileSystemName.MatchesSimpleExpression(name, item, ignoreCase: false)))
            {
                Add(context, Rules.LayerTwoNoInterface, field, $"'{name}' matches no interface of any node ({string.Join(", ", present.Take(8))}): nothing is announced there. Correct the name, or add the interface");
            }
        }
    }

    private static void Pools(ValidationContext<V1Alpha2LayerTwoConfig> context, V1Alpha2LayerTwoConfig config, Surroundings around)
    {
        for (var i = 0; i < config.Spec.Eips.Count && around.IsWhole; i++)
        {
            if (!around.Eips.Any(eip => eip.Metadata.Name == config.Spec.Eips[i]))
            {
                Add(context, Rules.LayerTwoUnknownEip, $"spec.eips[{i}]", $"'{config.Spec.Eips[i]}' is no Eip yet; it is governed as soon as it exists. Create it, or correct the name");
            }
        }

        foreach (var other in around.Configs.Where(other => other.Metadata.Name != config.Metadata.Name))
        {
            var both = around.Eips.Where(eip => LayerTwoPolicy.Governs(config, eip) && LayerTwoPolicy.Governs(other, eip)).Select(eip => eip.Metadata.Name).Order(StringComparer.Ordinal).ToArray();
            if (both.Length == 0 || (config.Spec.ServiceSelector is not null && other.Spec.ServiceSelector is not null))
            {
                continue;
            }

            var where = $"LayerTwoConfig '{other.Metadata.Name}', which governs {string.Join(", ", both)} too";
            if (config.Spec.Failover != other.Spec.Failover)
            {
                Add(context, Rules.LayerTwoConflict, "spec.failover", $"differs from {where}: the shorter times hold there. Write the same in both, or let each govern other Eips");
            }

            Lifted(context, "spec.nodeSelector", "allows every node", IsSaid(config.Spec.NodeSelector), IsSaid(other.Spec.NodeSelector), where);
            Lifted(context, "spec.interfaces", "leaves the choice to Eip and subnet", config.Spec.Interfaces.Count > 0, other.Spec.Interfaces.Count > 0, where);
            if (config.Spec.ConflictPolicy != other.Spec.ConflictPolicy)
            {
                Add(context, Rules.LayerTwoConflict, "spec.conflictPolicy", $"'{config.Spec.ConflictPolicy}' differs from {where}: Refuse holds there. Write the same in both, or let each govern other Eips");
            }
        }
    }

    private static bool IsSaid(LabelSelector? selector) => selector is { IsEmpty: false };

    // Where several govern, the most permissive wins: what one of them narrows down is wide open by another that says nothing.
    private static void Lifted(ValidationContext<V1Alpha2LayerTwoConfig> context, string field, string then, bool here, bool there, string where)
    {
        if (here != there)
        {
            var effect = here ? $"has no effect: {where}, has none, and" : $"is missing, so that of {where}, has no effect:";
            Add(context, Rules.LayerTwoConflict, field, $"{effect} a config without one {then}. Write it in both, or let each govern other Eips");
        }
    }

    private static void Add(ValidationContext<V1Alpha2LayerTwoConfig> context, Rule rule, string field, string message) =>
        context.AddFailure(new ValidationFailure(field, $"{message}.") { ErrorCode = rule.Name, Severity = rule.Severity });
}
