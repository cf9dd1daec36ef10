using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;

namespace PorterLB.Tests.Operator.Services;

public sealed class ServiceMemoryTests
{
    private static readonly IPAddress Ours = IPAddress.Parse("192.168.0.91");

    private readonly FakeTimeProvider _time = new();
    private readonly ServiceMemory _memory;
    private int _version = 100;

    public ServiceMemoryTests()
    {
        _memory = new ServiceMemory("u1", _time);
        Write();
    }

    private void Write() => _memory.Elected(ServicePlanTests.Service("192.168.0.91", version: $"{++_version}"), [Ours]);

    private bool OverwrittenBy(string ingress) => _memory.IsDisputed(ServicePlanTests.Service(ingress, version: $"{++_version}"), [Ours]);

    [Fact]
    public void What_another_program_writes_in_place_of_our_addresses_is_put_back_three_times_and_then_left_alone_for_a_minute()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.False(OverwrittenBy("10.0.0.1"));
            Write();
        }

        Assert.True(OverwrittenBy("10.0.0.1"));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(OverwrittenBy("10.0.0.1"));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.False(OverwrittenBy("10.0.0.1"));
    }

    [Fact]
    public void What_another_program_writes_beside_our_addresses_is_a_dispute_too()
    {
        ServiceView Beside() => With(ingress => [ingress, new ServiceViewIngress { Hostname = "lb.example.com" }]);
        ServiceView Proxied() => With(ingress => [ingress with { IpMode = "Proxy" }]);
        ServiceView With(Func<ServiceViewIngress, ServiceViewIngress[]> change)
        {
            var service = ServicePlanTests.Service("192.168.0.91", version: $"{++_version}");
            service.Status.LoadBalancer!.Ingress = change(service.Status.LoadBalancer.Ingress![0]);
            return service;
        }

        foreach (var service in (ServiceView[])[Beside(), Proxied(), Beside()])
        {
            Assert.False(_memory.IsDisputed(service, [Ours]));
            Assert.True(ServicePlan.Of(service, new Allocation([Ours]) { Origins = [""] }, [], epoch: null).Differs);
            Write();
        }

        Assert.True(_memory.IsDisputed(Beside(), [Ours]));
    }

    [Fact]
    public void A_state_from_before_our_own_write_is_not_decided_from_for_ten_seconds_and_a_restored_one_is_then()
    {
        var older = ServicePlanTests.Service("192.168.0.91", version: "100");
        Assert.Equal(TimeSpan.FromSeconds(10), _memory.AwaitsOwnWrite(older));
        Assert.Equal(TimeSpan.Zero, _memory.AwaitsOwnWrite(ServicePlanTests.Service("192.168.0.91", version: "101")));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.Zero, _memory.AwaitsOwnWrite(older));
    }

    [Fact]
    public void The_same_state_seen_again_was_not_written_again()
    {
        var service = ServicePlanTests.Service("10.0.0.1", version: "200");
        for (var i = 0; i < 10; i++)
        {
            Assert.False(_memory.IsDisputed(service, [Ours]));
        }
    }

    [Fact]
    public void An_address_that_we_change_ourselves_is_no_dispute()
    {
        for (var i = 1; i <= 10; i++)
        {
            var wanted = IPAddress.Parse($"192.168.0.{i}");
            Assert.False(_memory.IsDisputed(ServicePlanTests.Service("192.168.0.91", version: $"{++_version}"), [wanted]));
            _memory.Elected(ServicePlanTests.Service($"{wanted}", version: $"{++_version}"), [wanted]);
        }
    }

    [Fact]
    public void Conditions_are_written_a_second_after_any_other_write_at_the_earliest()
    {
        Assert.Equal(TimeSpan.FromSeconds(1), _memory.ConditionsDueIn);
        _time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(TimeSpan.FromSeconds(0.6), _memory.ConditionsDueIn);
        _time.Advance(TimeSpan.FromSeconds(0.6));
        Assert.Equal(TimeSpan.Zero, _memory.ConditionsDueIn);
        Assert.Equal(TimeSpan.Zero, new ServiceMemory("u2", _time).ConditionsDueIn);
    }

    [Fact]
    public void An_Event_is_kept_until_it_can_be_told_and_told_again_only_when_it_changed()
    {
        _memory.Keep([new PlannedEvent("AddressRefused", "full")]);
        _memory.Keep([new PlannedEvent("AddressRefused", "full")]);
        Assert.Single(_memory.Take());
        _memory.Keep([new PlannedEvent("AddressRefused", "full")]);
        Assert.Empty(_memory.Take());
        _memory.Keep([]);
        _memory.Keep([new PlannedEvent("AddressRefused", "full")]);
        Assert.Single(_memory.Take());
    }

    [Fact]
    public void Of_two_Events_with_one_reason_both_are_told_and_neither_again()
    {
        PlannedEvent[] both = [new PlannedEvent("NoEligibleNode", "no node can answer for 192.168.0.91"), new PlannedEvent("NoEligibleNode", "no node can answer for fd00::91")];
        _memory.Keep([.. both]);
        Assert.Equal(both, _memory.Take());
        _memory.Keep([.. both]);
        Assert.Empty(_memory.Take());
        _memory.Keep([both[1]]);
        Assert.Empty(_memory.Take());
        _memory.Keep([.. both]);
        Assert.Equal([both[0]], _memory.Take());
    }

    [Fact]
    public void A_Service_made_again_under_the_same_name_is_remembered_anew()
    {
        var memories = new ServiceMemories(_time);
        var key = new PorterLB.Reconciler.Caching.EntityKey("shop", "web");
        Assert.Same(memories.Of(key, "u1"), memories.Of(key, "u1"));
        Assert.NotSame(memories.Of(key, "u1"), memories.Of(key, "u2"));
    }
}
