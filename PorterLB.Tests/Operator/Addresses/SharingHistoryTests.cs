using System.Collections.Immutable;
using System.Net;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Tests.Operator.Addresses;

/// <summary>Services that share addresses by key or request, over random histories of wishes, deletions, pool edits and restarts.</summary>
public sealed class SharingHistoryTests
{
    private static Pool Pool(string name) => new() { Name = name };

    private static AddressRequest Request(string service) => new() { Service = EntityKey.Parse(service), Uid = service, Families = [IpFamily.IPv4] };

    private abstract record Step
    {
        public sealed record Ask(int Service, int Kind, int Detail) : Step;

        public sealed record Delete(int Service) : Step;

        public sealed record Edit(int Pool, int First, int Last, int Kind) : Step;

        public sealed record Restart : Step;
    }

    /// <summary>Promise 1 and its kin: whatever happens, no address is had by two that may not share it, and nobody loses one without cause.</summary>
    [Fact]
    public void No_history_gives_one_address_to_two_or_takes_one_away()
    {
        var step = Gen.OneOf<Step>(
            Gen.Select(Gen.Int[0, 11], Gen.Int[0, 5], Gen.Int[0, 14]).Select(x => (Step)new Step.Ask(x.Item1, x.Item2, x.Item3)),
            Gen.Select(Gen.Int[0, 11], Gen.Int[0, 5], Gen.Int[0, 14]).Select(x => (Step)new Step.Ask(x.Item1, x.Item2, x.Item3)),
            Gen.Int[0, 11].Select(x => (Step)new Step.Delete(x)),
            Gen.Select(Gen.Int[0, 2], Gen.Int[0, 12], Gen.Int[0, 6], Gen.Int[0, 4]).Select(x => (Step)new Step.Edit(x.Item1, x.Item2, x.Item3, x.Item4)),
            Gen.Const((Step)new Step.Restart()));
        step.Array[1, 60].Sample(Run, iter: 1_500);
    }

    private static void Run(Step[] steps)
    {
        var time = new FakeTimeProvider();
        var pools = new Dictionary<string, Pool>();
        var requests = new Dictionary<string, AddressRequest>();
        var statuses = new Dictionary<string, ImmutableArray<IPAddress>>();
        var served = new List<string>();
        var wanting = new HashSet<string>();
        var allocator = New();

        Allocator New() => new(time, _ => false) { Served = key => served.Add(key.ToString()) };

        void Reconcile(string name)
        {
            var request = requests[name] with { InStatus = statuses.GetValueOrDefault(name, []) };
            var allocation = allocator.Assign(request);
            statuses[name] = allocation.Addresses;
            if (allocation.Refusal is null && allocation.Addresses.Length == request.Families.Length)
            {
                wanting.Remove(name);
            }
            else
            {
                wanting.Add(name);
            }
        }

        foreach (var step in steps)
        {
            var before = statuses.ToDictionary();
            string? subject = null;
            switch (step)
            {
                case Step.Ask ask:
                    subject = $"{(ask.Service < 8 ? "shop" : "bank")}/s{ask.Service}";
                    requests[subject] = Wish(subject, ask.Kind, ask.Detail);
                    Reconcile(subject);
                    break;
                case Step.Delete delete:
                    subject = $"{(delete.Service < 8 ? "shop" : "bank")}/s{delete.Service}";
                    requests.Remove(subject);
                    statuses.Remove(subject);
                    allocator.Release(EntityKey.Parse(subject), silent: delete.Service % 2 == 0);
                    break;
                case Step.Edit { Kind: 4 } edit:
                    pools.Remove($"p{edit.Pool}");
                    allocator.Remove($"p{edit.Pool}");
                    break;
                case Step.Edit edit:
                    // Pools do not overlap: each has its own third octet and an IPv6 range now and then.
                    var ranges = new List<AddressRange> { AddressRange.Parse($"10.0.{edit.Pool}.{edit.First}-10.0.{edit.Pool}.{edit.First + edit.Last}") };
                    if (edit.Kind % 2 == 1)
                    {
                        ranges.Add(AddressRange.Parse($"fd00:{edit.Pool}::{edit.First}-fd00:{edit.Pool}::{edit.First + 3}"));
                    }

                    pools[$"p{edit.Pool}"] = Pool($"p{edit.Pool}") with { Ranges = [.. ranges], Disabled = edit.Kind == 2, Priority = edit.Kind };
                    allocator.Put(pools[$"p{edit.Pool}"]);
                    break;
                default:
                    allocator = New();
                    foreach (var pool in pools.Values)
                    {
                        allocator.Put(pool);
                    }

                    allocator.Adopt(requests.Values.Select(request => request with { InStatus = statuses.GetValueOrDefault(request.Service.ToString(), []) }));

                    // A new leader does not know who has waited for how long: those may be served in another order.
                    served.AddRange(wanting);
                    foreach (var name in requests.Keys)
                    {
                        Reconcile(name);
                    }

                    break;
            }

            time.Advance(TimeSpan.FromSeconds(2));
            allocator.Settle();
            for (var i = 0; i < served.Count; i++)
            {
                if (requests.ContainsKey(served[i]))
                {
                    Reconcile(served[i]);
                }
            }

            Check(allocator, requests, statuses, before, subject, served);
            served.Clear();
        }
    }

    private static AddressRequest Wish(string name, int kind, int detail)
    {
        var request = Request(name) with { Sharing = new Sharing { Ports = [new("TCP", 80 + (detail % 4))] } };
        return kind switch
        {
            0 => request,
            1 => request with { Pool = $"p{detail % 4}" },
            2 => request with { Requested = [IPAddress.Parse($"10.0.{detail % 3}.{detail % 7}")] },
            3 => request with { Sharing = request.Sharing with { Key = $"k{detail % 2}", LocalTraffic = detail > 9, Selector = detail % 5 == 0 ? "" : $"{detail % 5}", Namespaces = detail > 5 ? ["shop", "bank"] : [] } },
            4 => request with { Families = [IpFamily.IPv4, IpFamily.IPv6], FamilyPolicy = FamilyPolicy.PreferDualStack },
            _ => request with { Families = [IpFamily.IPv6, IpFamily.IPv4], FamilyPolicy = FamilyPolicy.RequireDualStack },
        };
    }

    private static void Check(
        Allocator allocator,
        Dictionary<string, AddressRequest> requests,
        Dictionary<string, ImmutableArray<IPAddress>> statuses,
        Dictionary<string, ImmutableArray<IPAddress>> before,
        string? subject,
        List<string> served)
    {
        var users = statuses.SelectMany(status => status.Value.Select(address => (Service: status.Key, Address: address))).ToLookup(x => x.Address, x => x.Service);
        foreach (var address in users)
        {
            foreach (var one in address)
            {
                foreach (var other in address.Where(other => other != one))
                {
                    Assert.Null(Sharing.Obstacle(address.Key, requests[one], requests[other]));
                }
            }
        }

        foreach (var (name, request) in requests)
        {
            var has = statuses.GetValueOrDefault(name, []);

            // Nobody else's deed takes an address away; only one's own new wish does, or being served what one waited for.
            if (name != subject && !served.Contains(name))
            {
                Assert.True(before.GetValueOrDefault(name, []).SequenceEqual(has), $"{name} had {string.Join(",", before.GetValueOrDefault(name, []))} and has {string.Join(",", has)} after {subject}: {request}");
            }

            var again = allocator.Assign(request with { InStatus = has });
            Assert.True(has.SequenceEqual(again.Addresses), $"{name} had {string.Join(",", has)} and has {string.Join(",", again.Addresses)} when it asks again: {request}, {string.Join(",", request.Requested)}");
            Assert.Empty(again.Duplicates);
            Assert.True(!again.Addresses.IsEmpty || again.Refusal is not null, $"{name} has nothing and is not told why");
        }
    }
}
