using PorterLB.Reconciler.Events;

namespace PorterLB.Tests.Reconciler.Events;

public sealed class EventQueueTests
{
    [Fact]
    public async Task Good_news_in_any_number_keeps_no_warning_from_being_told_first()
    {
        var queue = new EventQueue();
        for (var i = 0; i < EventQueue.Most; i++)
        {
            Assert.True(queue.TryAdd(Statement(EventType.Normal, $"{i}")));
        }

        Assert.False(queue.TryAdd(Statement(EventType.Normal, "too many")));
        Assert.True(queue.TryAdd(Statement(EventType.Warning, "first")));
        Assert.True(queue.TryAdd(Statement(EventType.Warning, "second")));
        queue.Complete();
        var told = new List<string>();
        while (await queue.TakeAsync(TestContext.Current.CancellationToken) is { } statement)
        {
            told.Add(statement.Message);
        }

        Assert.Equal(["first", "second", .. Enumerable.Range(0, EventQueue.Most).Select(i => $"{i}")], told);
    }

    [Fact]
    public async Task What_was_taken_makes_room()
    {
        var queue = new EventQueue();
        for (var i = 0; i < EventQueue.Most; i++)
        {
            queue.TryAdd(Statement(EventType.Normal, $"{i}"));
        }

        Assert.Equal("0", (await queue.TakeAsync(TestContext.Current.CancellationToken))?.Message);
        Assert.True(queue.TryAdd(Statement(EventType.Normal, "one more")));
        Assert.False(queue.TryAdd(Statement(EventType.Normal, "too many")));
    }

    private static EventStatement Statement(EventType type, string message) => new(new EventSubject(), type, "Reason", message, DateTimeOffset.UnixEpoch);
}
