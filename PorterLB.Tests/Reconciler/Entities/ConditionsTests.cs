using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Entities;

public sealed class ConditionsTests
{
    private static readonly DateTimeOffset Then = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Now = Then.AddHours(1);
    private static readonly Condition Ready = new() { Type = "Ready", Status = Condition.True, Reason = "Valid", Message = "It is." };

    [Fact]
    public void The_transition_time_moves_only_when_the_status_changes()
    {
        var first = Array.Empty<Condition>().With(Ready, Then);
        var reworded = first.With(Ready with { Message = "It still is." }, Now);
        var changed = reworded.With(Ready with { Status = Condition.False }, Now);

        Assert.Equal(Then, first.Find("Ready")!.LastTransitionTime);
        Assert.Equal(Then, reworded.Find("Ready")!.LastTransitionTime);
        Assert.Equal("It still is.", reworded.Find("Ready")!.Message);
        Assert.Equal(Now, changed.Find("Ready")!.LastTransitionTime);
    }

    [Fact]
    public void An_equal_condition_gives_the_same_list()
    {
        var first = Array.Empty<Condition>().With(Ready, Then);
        Assert.Same(first, first.With(Ready, Now));
    }

    [Fact]
    public void Other_conditions_stay_where_they_are()
    {
        var both = Array.Empty<Condition>().With(Ready, Then).With(Ready with { Type = "Exhausted" }, Then);
        var changed = both.With(Ready with { Status = Condition.False }, Now);

        Assert.Equal(["Ready", "Exhausted"], changed.Select(condition => condition.Type));
        Assert.Equal(["Exhausted"], changed.Without("Ready").Select(condition => condition.Type));
    }
}
