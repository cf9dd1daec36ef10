using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Queueing;

namespace PorterLB.Tests.Reconciler.Queueing;

public class QueuePumpTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task Who_waits_is_given_a_delayed_key_when_its_time_comes()
    {
        using var pump = new QueuePump<string>("test", _time, metrics: null);
        var taking = pump.TakeAsync(CancellationToken.None).AsTask();
        pump.Add("a", delay: TimeSpan.FromMilliseconds(100));
        _time.Advance(TimeSpan.FromMilliseconds(99));
        Assert.False(taking.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("a", (await taking).Key);
    }

    [Fact]
    public async Task An_earlier_key_moves_the_alarm_forward()
    {
        using var pump = new QueuePump<string>("test", _time, metrics: null);
        var taking = pump.TakeAsync(CancellationToken.None).AsTask();
        pump.Add("late", delay: TimeSpan.FromSeconds(100));
        pump.Add("soon", delay: TimeSpan.FromSeconds(1));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("soon", (await taking).Key);
    }

    [Fact]
    public async Task Who_gives_up_waiting_takes_no_key_with_it()
    {
        using var pump = new QueuePump<string>("test", _time, metrics: null);
        using var cancel = new CancellationTokenSource();
        var impatient = pump.TakeAsync(cancel.Token).AsTask();
        var patient = pump.TakeAsync(CancellationToken.None).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        pump.Add("a");
        Assert.Equal("a", (await patient).Key);
    }

    [Fact]
    public async Task Eight_workers_on_a_thousand_keys_never_work_on_the_same_one_at_once_and_lose_none()
    {
        using var pump = new QueuePump<int>("test", TimeProvider.System, metrics: null);
        using var cancel = new CancellationTokenSource();
        var running = new int[1000];
        var seen = new int[1000];
        var left = 3000;
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var workers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                var item = await pump.TakeAsync(cancel.Token);
                Assert.Equal(1, Interlocked.Increment(ref running[item.Key]));
                await Task.Yield();

                // Each is asked for again while it runs, twice: so it must run three times, and after its own end.
                if (Interlocked.Increment(ref seen[item.Key]) < 3)
                {
                    pump.Add(item.Key);
                }

                Interlocked.Decrement(ref running[item.Key]);
                pump.Done(item.Key);
                if (Interlocked.Decrement(ref left) == 0)
                {
                    finished.SetResult();
                }
            }
        })).ToList();
        for (var key = 0; key < 1000; key++)
        {
            pump.Add(key);
        }

        await Task.WhenAny(finished.Task, Task.WhenAll(workers)).WaitAsync(TimeSpan.FromSeconds(30));
        await cancel.CancelAsync();
        foreach (var worker in workers)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => worker);
        }

        Assert.All(seen, times => Assert.Equal(3, times));
    }
}
