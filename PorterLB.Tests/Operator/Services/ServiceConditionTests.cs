using System.Net;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Services;

public sealed class ServiceConditionTests
{
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress V6 = IPAddress.Parse("fd00::91");
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private static AddressElection Elected(IPAddress address, Verdict verdict = Verdict.Stays, string? obstacles = null) =>
        new(address, "node-a", new Decision("node-a", verdict)) { Obstacles = obstacles };

    private static ILookup<IPAddress, Announcement> Announced(params (IPAddress Address, string Node)[] by) =>
        by.ToLookup(item => item.Address, item => new Announcement(item.Node, "eth0", "02:00:00:00:00:01", default, 1, 0, 0));

    private static string Of(
        IReadOnlyList<AddressElection> elected, ILookup<IPAddress, Announcement> announced, TimeSpan since, Dictionary<IPAddress, string>? conflicts = null, Condition? standing = null)
    {
        var (condition, again) = AnnouncedCondition.Of(elected, announced, conflicts ?? [], since, standing);
        return $"{condition?.Status} {condition?.Reason} {condition?.Message}{(again is null ? "" : $" ({again.Value.TotalSeconds} s)")}".Trim();
    }

    [Fact]
    public void Who_answers_is_named_with_interface_and_MAC() =>
        Assert.Equal(
            "True Announced 192.168.0.91 on node node-a, interface eth0, 02:00:00:00:00:01; fd00::91 on node node-b, interface eth0, 02:00:00:00:00:01.",
            Of([Elected(V4), Elected(V6)], Announced((V4, "node-a"), (V6, "node-b")), Long));

    [Fact]
    public void For_three_seconds_after_an_election_nothing_is_said_that_would_be_wrong_in_a_moment()
    {
        Assert.Equal("(1 s)", Of([Elected(V4)], Announced(), TimeSpan.FromSeconds(2)));
        var standing = ConditionKinds.Announced.For(Condition.True, "Announced", "as before");
        Assert.Equal("True Announced as before (1 s)", Of([Elected(V4)], Announced(), TimeSpan.FromSeconds(2), standing: standing));
        Assert.StartsWith("False NotAnnounced 192.168.0.91 is not announced by any node; elected: node-a", Of([Elected(V4)], Announced(), TimeSpan.FromSeconds(3)), StringComparison.Ordinal);
    }

    [Fact]
    public void When_no_node_may_each_is_listed_with_its_reason() =>
        Assert.Equal(
            "False NoEligibleNode 192.168.0.91 is not announced, no node may: node a: is down; node b: has the label x.",
            Of([Elected(V4, Verdict.Nobody, "node a: is down; node b: has the label x.")], Announced(), Long));

    [Fact]
    public void A_stranger_that_answers_is_told_at_once() =>
        Assert.Equal(
            "False AddressConflict 192.168.0.91 is not announced: node a found that another machine, 02:00:00:00:00:99, answers for it on eth0.",
            Of([Elected(V4)], Announced(), TimeSpan.Zero, new() { [V4] = "node a found that another machine, 02:00:00:00:00:99, answers for it on eth0" }));

    [Fact]
    public void What_is_missing_is_False_what_is_only_preferred_and_what_is_kept_is_True_and_all_well_is_no_condition()
    {
        static string Of(Allocation allocation, Condition? standing = null) => AssignedCondition.Of(allocation, standing) is { } condition ? $"{condition.Status} {condition.Reason}" : "";
        Assert.Equal("False PoolExhausted", Of(new Allocation([], new Refusal(RefusalReason.PoolExhausted, "full"))));
        Assert.Equal("False AddressInUse", Of(new Allocation([V4], new Refusal(RefusalReason.AddressInUse, "taken"))));
        Assert.Equal("True FamilyUnavailable", Of(new Allocation([V4], new Refusal(RefusalReason.FamilyUnavailable, "no IPv6")) { IsSatisfied = true }));
        Assert.Equal("True AddressInNoPool", Of(new Allocation([V4]) { Kept = new Refusal(RefusalReason.AddressInNoPool, "kept") }));
        Assert.Equal("True SharingTolerated", Of(new Allocation([V4]) { Tolerated = "shared" }));
        Assert.Equal("", Of(new Allocation([V4])));
        var standing = ConditionKinds.AddressAssigned.For(Condition.False, "PoolExhausted", "full");
        Assert.Equal("False PoolExhausted", Of(new Allocation([], new Refusal(RefusalReason.TakingOver, "soon")), standing));
    }

    [Fact]
    public void Every_refusal_has_its_reason_in_the_closed_list_and_no_other_is_let_through()
    {
        foreach (var reason in Enum.GetValues<RefusalReason>())
        {
            Assert.Equal($"{reason}", ConditionKinds.AddressAssigned.For(Condition.False, $"{reason}", "why").Reason);
        }

        Assert.Throws<ArgumentException>(() => ConditionKinds.EipReady.For(Condition.True, "Splendid", "why"));
        Assert.Throws<ArgumentException>(() => ConditionKinds.EipReady.For(Condition.True, "Disabled", "why"));
        Assert.All(ConditionKinds.All, kind => Assert.Equal(kind.Reasons.Length, kind.Reasons.DistinctBy(reason => (reason.Status, reason.Reason)).Count()));
    }
}
