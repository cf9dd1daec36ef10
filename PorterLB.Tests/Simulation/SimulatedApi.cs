using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker;

namespace PorterLB.Tests.Simulation;

/// <summary>
/// The API server as speakers see it: the rights of all addresses, whole, in order, late by 5–200 ms (one in twenty by up to 1.5 s), and
/// only to those that are connected.
/// </summary>
internal sealed class SimulatedApi(Simulation world)
{
    private static readonly TimeSpan ContactLost = TimeSpan.FromMilliseconds(2500);
    private readonly Dictionary<int, TimeSpan> _lastDelivery = [];
    private readonly Dictionary<int, long> _cut = [];
    private long _resourceVersion = 1000;

    public ImmutableDictionary<IPAddress, AddressRights> Rights { get; private set; } = ImmutableDictionary<IPAddress, AddressRights>.Empty;

    /// <summary>The epoch at which an address was given out last: who knows an older one only does not know of it.</summary>
    public Dictionary<IPAddress, long> GivenOut { get; } = [];

    public TimeSpan Delay() => TimeSpan.FromMilliseconds(
        world.Random.NextDouble() < 0.05 ? world.Random.Next(200, 1500) : world.Random.Next(5, 200));

    /// <summary>Elects a node for an address under a new epoch; makes the address when it is new.</summary>
    public void Elect(IPAddress address, string? node, IEnumerable<string>? eligible = null)
    {
        if (!Rights.ContainsKey(address))
        {
            GivenOut[address] = world.IsBroken(ShellFaults.EpochLost) ? 1 : _resourceVersion + 1;
        }

        var epoch = ++_resourceVersion;
        if (world.IsBroken(ShellFaults.EpochLost))
        {
            epoch = Rights.TryGetValue(address, out var before) ? before.Epoch + 1 : 1;
        }

        var nodes = eligible?.Order(StringComparer.Ordinal).ToImmutableArray() ?? Rights[address].Eligible;
        Rights = Rights.SetItem(address, new AddressRights { Address = address, Epoch = epoch, Elected = node, Eligible = nodes, Policy = PolicyOf(address) });
        world.Note("manager", "elects", address, node);
        Publish();
    }

    private AnnouncementPolicy PolicyOf(IPAddress address)
    {
        static AnnouncementPolicy Policy(int heartbeat, int deadAfter) =>
            new() { HeartbeatInterval = TimeSpan.FromMilliseconds(heartbeat), DeadAfter = TimeSpan.FromMilliseconds(deadAfter) };
        return !world.Settings.Faults.MixedPolicies ? AnnouncementPolicy.Default : (address.GetAddressBytes()[^1] % 4) switch
        {
            0 => Policy(50, 200),
            1 => Policy(200, 1000),
            2 => Policy(100, 2000),
            _ => AnnouncementPolicy.Default,
        };
    }

    /// <summary>Changes who may hold an address, without an election.</summary>
    public void SetEligible(IPAddress address, IEnumerable<string> eligible)
    {
        _resourceVersion++;
        Rights = Rights.SetItem(address, Rights[address] with { Eligible = [.. eligible.Order(StringComparer.Ordinal)] });
        world.Note("manager", "makes eligible", address, string.Join(' ', Rights[address].Eligible));
        world.Touch();
        Publish();
    }

    public void Release(IPAddress address)
    {
        _resourceVersion++;
        Rights = Rights.Remove(address);
        world.Note("manager", "releases", address);
        world.Touch();
        Publish();
    }

    /// <summary>Makes a copy of the store; much is written into it afterwards that concerns no address.</summary>
    public (ImmutableDictionary<IPAddress, AddressRights> Rights, long Version) BackUp()
    {
        var copy = (Rights, _resourceVersion);
        _resourceVersion += 1000;
        return copy;
    }

    /// <summary>Brings a copy back: what was written since never was, and numbers go on from there.</summary>
    public void Restore((ImmutableDictionary<IPAddress, AddressRights> Rights, long Version) backup)
    {
        (Rights, _resourceVersion) = backup;
        world.Touch();
        Publish();
    }

    public void Connect(SimulatedSpeaker speaker)
    {
        speaker.ApiUp = true;
        _cut[speaker.Index] = _cut.GetValueOrDefault(speaker.Index) + 1;
        Deliver(speaker, contact: true);
    }

    public void Disconnect(SimulatedSpeaker speaker)
    {
        speaker.ApiUp = false;
        var cut = _cut[speaker.Index] = _cut.GetValueOrDefault(speaker.Index) + 1;
        world.Clock.At(world.Clock.Now + ContactLost, () =>
        {
            if (cut == _cut[speaker.Index])
            {
                speaker.SetContact(false);
            }
        });
    }

    private void Publish()
    {
        foreach (var speaker in world.Speakers)
        {
            if (speaker.ApiUp && speaker.Machine is not null)
            {
                Deliver(speaker, contact: false);
            }
        }
    }

    private void Deliver(SimulatedSpeaker speaker, bool contact)
    {
        var rights = Rights;
        var at = world.Clock.Now + Delay();
        if (_lastDelivery.TryGetValue(speaker.Index, out var last) && last > at)
        {
            at = last;
        }

        _lastDelivery[speaker.Index] = at;
        world.Clock.At(at, speaker.WhileBooted(() =>
        {
            if (!speaker.ApiUp)
            {
                return;
            }

            if (contact)
            {
                speaker.SetContact(true);
            }

            speaker.TakeRights(rights);
        }));
    }
}
