using PorterLB.Reconciler.Events;

namespace PorterLB.Tests.Reconciler.Events;

public class EventCorrelatorTests
{
    private static readonly EventSubject Subject = new() { Kind = "ConfigMap", Name = "a", Namespace = "default", Uid = "1", ResourceVersion = "1" };
    private readonly EventCorrelator _correlator = new();

    [Fact]
    public void The_same_again_is_counted_up_on_the_Event_that_is_there()
    {
        var first = Say("same")!;
        Assert.Equal((1, null), (first.Count, first.StoredName));
        _correlator.Stored(first.Key, "a.1");
        var second = Say("same", version: "2")!;
        Assert.Equal((2, "a.1"), (second.Count, second.StoredName));
        _correlator.Stored(second.Key, null);
        Assert.Null(Say("same")!.StoredName);
    }

    [Fact]
    public void From_the_tenth_alike_within_ten_minutes_on_they_are_combined_into_one()
    {
        for (var i = 1; i < 10; i++)
        {
            Assert.Equal($"m{i}", Say($"m{i}")!.Message);
        }

        var tenth = Say("m10")!;
        Assert.Equal("(combined from similar events): m10", tenth.Message);
        _correlator.Stored(tenth.Key, "a.10");
        Assert.Equal("a.10", Say("m11")!.StoredName);
        Assert.Equal("later", Say("later", at: TimeSpan.FromSeconds(601))!.Message);
    }

    [Fact]
    public void About_one_object_25_may_come_at_once_and_then_one_in_five_minutes()
    {
        for (var i = 0; i < 25; i++)
        {
            Assert.NotNull(Say("again"));
        }

        Assert.Null(Say("again"));
        Assert.NotNull(Say("again", name: "another"));
        Assert.Null(Say("again", at: TimeSpan.FromSeconds(299)));
        Assert.NotNull(Say("again", at: TimeSpan.FromSeconds(300)));
        Assert.Null(Say("again", at: TimeSpan.FromSeconds(300)));
    }

    [Fact]
    public void What_was_dropped_is_counted_all_the_same()
    {
        for (var i = 0; i < 30; i++)
        {
            Say("again");
        }

        Assert.Equal(31, Say("again", at: TimeSpan.FromSeconds(300))!.Count);
    }

    [Fact]
    public void Only_so_much_is_remembered()
    {
        var cache = new LruCache<int, string>(2);
        cache.Set(1, "one");
        cache.Set(2, "two");
        Assert.True(cache.TryGet(1, out _));
        cache.Set(3, "three");
        Assert.False(cache.TryGet(2, out _));
        Assert.True(cache.TryGet(1, out _));
        Assert.Equal(2, cache.Count);
    }

    private CorrelatedEvent? Say(string message, TimeSpan at = default, string name = "a", string version = "1") => _correlator.Correlate(
        at,
        new EventStatement(
            Subject with { Name = name, ResourceVersion = version }, EventType.Warning, "Reason", message, DateTimeOffset.UnixEpoch + at));
}
