using CsCheck;
using PorterLB.Reconciler.Queueing;

namespace PorterLB.Tests.Reconciler.Queueing;

public class WorkQueueTests
{
    private static readonly TimeSpan Zero = TimeSpan.Zero;

    [Fact]
    public void A_key_added_twice_is_taken_once()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero);
        queue.Add("a", Zero);
        Assert.Equal(["a"], Drain(queue, Zero));
    }

    [Fact]
    public void A_key_added_while_it_runs_is_taken_again_when_it_is_done()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero);
        Assert.True(queue.TryTake(Zero, out _));
        queue.Add("a", Zero);
        Assert.False(queue.TryTake(Zero, out _));
        queue.Done("a", Zero);
        Assert.True(queue.TryTake(Zero, out _));
    }

    [Fact]
    public void A_delayed_key_is_taken_at_its_time_and_not_before()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero, delay: Ms(100));
        Assert.Equal(Ms(100), queue.NextReadyAt());
        Assert.False(queue.TryTake(Ms(99), out _));
        Assert.True(queue.TryTake(Ms(100), out var item));
        Assert.Equal(Ms(100), item.ReadySince);
    }

    [Fact]
    public void The_earliest_of_several_delays_counts()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero, delay: Ms(100));
        queue.Add("a", Zero, delay: Ms(50));
        queue.Add("a", Zero, delay: Ms(200));
        Assert.False(queue.TryTake(Ms(49), out _));
        Assert.True(queue.TryTake(Ms(50), out _));
        queue.Done("a", Ms(50));
        Assert.False(queue.TryTake(Ms(1000), out _));
    }

    [Fact]
    public void A_change_overtakes_ten_thousand_replays()
    {
        var queue = new WorkQueue<int>();
        for (var i = 0; i < 10_000; i++)
        {
            queue.Add(i, Zero, Priorities.Replay);
        }

        queue.Add(9_999, Zero);
        Assert.True(queue.TryTake(Zero, out var first));
        Assert.Equal(9_999, first.Key);
        Assert.True(queue.TryTake(Zero, out var second));
        Assert.Equal(0, second.Key);
    }

    [Fact]
    public void Within_a_priority_first_come_is_first_served()
    {
        var queue = new WorkQueue<string>();
        queue.Add("b", Zero);
        queue.Add("late", Zero, delay: Ms(1));
        queue.Add("a", Zero);
        Assert.Equal(["b", "a", "late"], Drain(queue, Ms(1)));
    }

    [Fact]
    public void The_delay_after_a_failure_doubles_from_5_ms_to_1000_s_and_begins_anew_after_a_success()
    {
        var queue = new WorkQueue<string>();
        var delays = Enumerable.Range(0, 30).Select(_ => queue.AddAfterFailure("a", Zero)).ToList();
        Assert.Equal(Ms(5), delays[0]);
        Assert.Equal(Ms(10), delays[1]);
        Assert.Equal(Ms(5 * Math.Pow(2, 17)), delays[17]);
        Assert.All(delays[18..], delay => Assert.Equal(TimeSpan.FromSeconds(1000), delay));
        queue.Forget("a");
        Assert.Equal(Ms(5), queue.AddAfterFailure("a", Zero));
    }

    [Fact]
    public void A_failure_that_asks_for_patience_waits_at_least_as_long_and_counts_like_any_other()
    {
        var queue = new WorkQueue<string>();
        Assert.Equal(Ms(2000), queue.AddAfterFailure("a", Zero, atLeast: Ms(2000)));
        Assert.False(queue.TryTake(Ms(1999), out _));
        Assert.True(queue.TryTake(Ms(2000), out _));
        Assert.Equal(Ms(10), queue.AddAfterFailure("a", Ms(2000), atLeast: Ms(1)));
    }

    [Fact]
    public void A_retry_keeps_its_priority()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero, Priorities.Replay);
        Assert.True(queue.TryTake(Zero, out var item));
        queue.AddAfterFailure(item.Key, Zero, item.Priority);
        queue.Done(item.Key, Zero);
        Assert.True(queue.TryTake(Ms(5), out var again));
        Assert.Equal(Priorities.Replay, again.Priority);
    }

    [Fact]
    public void Depth_counts_what_could_be_taken_by_priority()
    {
        var queue = new WorkQueue<string>();
        queue.Add("a", Zero);
        queue.Add("b", Zero, Priorities.Replay);
        queue.Add("c", Zero, delay: Ms(1));
        Assert.Equal(new Dictionary<int, int> { [0] = 1, [-100] = 1 }, queue.Depths(Zero));
    }

    [Fact]
    public void What_is_done_without_being_taken_is_a_mistake_of_the_caller() =>
        Assert.Throws<InvalidOperationException>(() => new WorkQueue<string>().Done("a", Zero));

    private enum Act
    {
        Add,
        AddLater,
        Fail,
        Take,
        Done,
        Forget,
        Pass,
    }

    /// <summary>
    /// Against the plainest model that can be: a dictionary of what is wanted when. No key is lost, none runs twice at once,
    /// the earliest time and the highest priority win.
    /// </summary>
    [Fact]
    public void Whatever_is_done_to_it_the_queue_does_as_the_model_says()
    {
        var step =
            from act in Gen.Enum<Act>()
            from key in Gen.Int[0, 4]
            from delay in Gen.Int[1, 50]
            from priority in Gen.Bool.Select(replay => replay ? Priorities.Replay : Priorities.Change)
            select (act, key, delay, priority);
        step.Array[0, 200].Sample(steps =>
        {
            var queue = new WorkQueue<int>();
            var wanted = new Dictionary<int, (TimeSpan At, int Priority)>();
            var running = new HashSet<int>();
            var failures = new Dictionary<int, int>();
            var now = Zero;
            foreach (var (act, key, delay, priority) in steps)
            {
                switch (act)
                {
                    case Act.Add:
                        queue.Add(key, now, priority);
                        Want(key, now, priority);
                        break;
                    case Act.AddLater:
                        queue.Add(key, now, priority, Ms(delay));
                        Want(key, now + Ms(delay), priority);
                        break;
                    case Act.Fail:
                        var failed = failures.GetValueOrDefault(key);
                        failures[key] = failed + 1;
                        Assert.Equal(RateLimit.DelayAfter(failed), queue.AddAfterFailure(key, now, priority));
                        Want(key, now + RateLimit.DelayAfter(failed), priority);
                        break;
                    case Act.Take:
                        Take();
                        break;
                    case Act.Done:
                        if (running.Remove(key))
                        {
                            queue.Done(key, now);
                        }

                        break;
                    case Act.Forget:
                        queue.Forget(key);
                        failures.Remove(key);
                        break;
                    case Act.Pass:
                        now += Ms(delay);
                        break;
                }

                Assert.Equal(failures.GetValueOrDefault(key), queue.FailuresOf(key));
                Assert.Equal(wanted.Count, queue.Pending);
                Assert.Equal(running.Count, queue.Running);
                var next = wanted.Where(pair => !running.Contains(pair.Key)).Select(pair => (TimeSpan?)pair.Value.At).Min();
                var said = queue.NextReadyAt();
                Assert.True(next is null ? said is null : said <= (next > now ? next : now) && (next <= now || said == next));
            }

            // Nothing is lost: once all is done and time has passed, whatever is still wanted comes out.
            foreach (var key in running)
            {
                queue.Done(key, now);
            }

            running.Clear();
            now += TimeSpan.FromHours(1);
            Assert.Equal(wanted.Keys.Order(), Drain(queue, now).Order());

            void Want(int key, TimeSpan at, int priority) =>
                wanted[key] = wanted.TryGetValue(key, out var old)
                    ? (old.At < at ? old.At : at, Math.Max(old.Priority, priority))
                    : (at, priority);

            void Take()
            {
                var ready = wanted.Where(pair => !running.Contains(pair.Key) && pair.Value.At <= now).ToList();
                Assert.Equal(ready.Count > 0, queue.TryTake(now, out var item));
                if (ready.Count > 0)
                {
                    Assert.Equal(ready.Max(pair => pair.Value.Priority), item.Priority);
                    Assert.Equal(wanted[item.Key].Priority, item.Priority);
                    Assert.True(running.Add(item.Key));
                    wanted.Remove(item.Key);
                }
            }
        });
    }

    private static List<TKey> Drain<TKey>(WorkQueue<TKey> queue, TimeSpan now)
        where TKey : notnull
    {
        var keys = new List<TKey>();
        while (queue.TryTake(now, out var item))
        {
            keys.Add(item.Key);
        }

        return keys;
    }

    private static TimeSpan Ms(double milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
