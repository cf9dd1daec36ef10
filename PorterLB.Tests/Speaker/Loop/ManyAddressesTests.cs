using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;
using static PorterLB.Tests.Speaker.Loop.MachineBench;

namespace PorterLB.Tests.Speaker.Loop;

/// <summary>What one step costs must follow from what it concerns, not from how many addresses there are.</summary>
public sealed class ManyAddressesTests(ITestOutputHelper output)
{
    private static readonly MacAddress MacOfB = MacAddress.Parse("02:00:00:00:00:02");

    [Theory]
    [InlineData(1000)]
    [InlineData(10_000)]
    public void Of_a_dead_holders_many_addresses_few_are_asked_for_and_all_are_taken_at_once(int count)
    {
        var (bench, all) = Beside("b", count);
        bench.Forget();
        var clock = Stopwatch.StartNew();
        bench.Pass(410);
        output.WriteLine($"{count} addresses taken over in {clock.ElapsedMilliseconds} ms of work");
        Assert.Equal(count, bench.Machine.Held.Count());
        Assert.Single(bench.Machine.Held.Select(held => held.Since).Distinct());
        Assert.InRange(bench.Effects<Effect.SendProbe>().Count(), 90, 130);
        var hellos = bench.Effects<Effect.SendHello>().Where(h => h.Hello.Claims.Length > 1).ToList();
        Assert.Equal(count, hellos.SelectMany(h => h.Hello.Claims).Select(c => c.Address).Distinct().Count());
        Assert.InRange(hellos.Count, count / 65, count / 40);
        Assert.All(all.Take(50), address => Assert.True(bench.Holds(address)));

        // Not in one go: a pass ends with a hello, and may be followed by another at once.
        Assert.InRange(bench.MostEffects, 100, 600);
    }

    [Fact]
    public void While_a_holder_that_is_not_heard_answers_for_those_asked_for_none_is_taken_and_each_gets_its_turn()
    {
        var (bench, _) = Beside("b", 100);
        bench.Forget();
        var asked = new HashSet<IPAddress>();
        for (var i = 0; i < 200; i++)
        {
            foreach (var address in bench.Effects<Effect.SendProbe>().Select(p => p.Address).ToList())
            {
                asked.Add(address);
                bench.Do(new Input.AddressSeen(address, MacOfB, "b"));
            }

            bench.Forget();
            bench.Pass(10);
        }

        Assert.Empty(bench.Machine.Held);
        Assert.Equal(100, asked.Count);
    }

    [Fact]
    public void An_address_that_its_living_holder_does_not_answer_for_is_taken_in_its_turn()
    {
        var (bench, all) = Beside("b", 100);
        bench.Forget();
        for (var i = 0; i < 150; i++)
        {
            foreach (var address in bench.Effects<Effect.SendProbe>().Select(p => p.Address).Where(a => !a.Equals(all[70])).ToList())
            {
                bench.Do(new Input.AddressSeen(address, MacOfB, "b"));
            }

            bench.Forget();
            bench.Pass(10);
        }

        Assert.Equal(all[70], Assert.Single(bench.Machine.Held).Address);
    }

    /// <summary>Ten thousand addresses, one of which changes: what is paid for is that one, and a look at whether the others are the same.</summary>
    [Fact]
    public void A_step_allocates_the_same_with_one_address_and_with_ten_thousand()
    {
        var costs = new List<(int Addresses, long Tick, long Hello, long Rights)>();
        foreach (var count in new[] { 1, 1000, 10_000 })
        {
            var (bench, all) = Beside("b", count);
            var rights = all.ToImmutableDictionary(a => a, a => RightOf(a, 5));
            bench.Do(new Input.RightsChanged(rights));
            bench.Pass(300, () => bench.Hear("b"));
            var clock = Stopwatch.StartNew();
            var tick = Allocated(() => bench.Do(Input.Tick.Instance));
            var ticked = clock.Elapsed;
            clock.Restart();
            var hello = Allocated(() => bench.Hear("b"));
            var heard = clock.Elapsed;
            clock.Restart();
            var change = Allocated(() => bench.Do(new Input.RightsChanged(rights = rights.SetItem(all[0], RightOf(all[0], 6)))));
            output.WriteLine($"{count,6} addresses: tick {ticked.TotalMicroseconds / 100:f1} µs, hello {heard.TotalMicroseconds / 100:f1} µs, rights of one changed {clock.Elapsed.TotalMicroseconds / 100:f1} µs");
            costs.Add((count, tick, hello, change));
        }

        Assert.All(costs, cost => Assert.InRange(cost.Tick, 0, costs[0].Tick + 512));
        Assert.All(costs, cost => Assert.InRange(cost.Hello, 0, costs[0].Hello + 512));
        Assert.All(costs, cost => Assert.InRange(cost.Rights, 0, costs[0].Rights + 4096));
    }

    private static long Allocated(Action step)
    {
        step();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 99; i++)
        {
            step();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / 99;
    }

    private static AddressRights RightOf(IPAddress address, long epoch) => Right(address, "b", epoch, null, "a", "b");

    /// <summary>Next to a holder of so many addresses, which was just heard.</summary>
    private static (MachineBench Bench, List<IPAddress> All) Beside(string holder, int count)
    {
        var bench = new MachineBench();
        var all = Enumerable.Range(0, count).Select(i => new IPAddress([10, 0, (byte)(i >> 8), (byte)i])).ToList();
        bench.Do(new Input.ContactChanged(true));
        bench.LinkUp();
        bench.Do(new Input.RightsChanged(all.ToImmutableDictionary(a => a, a => RightOf(a, 5))));
        for (var i = 0; i < all.Count; i += 40)
        {
            bench.Hear(holder, claims: [.. all.Skip(i).Take(40).Select(a => ClaimOf(holder, 5, 0, address: a))]);
        }

        bench.Pass(500, () => bench.Hear(holder));
        bench.Hear(holder);
        Assert.Empty(bench.Machine.Held);
        return (bench, all);
    }
}
