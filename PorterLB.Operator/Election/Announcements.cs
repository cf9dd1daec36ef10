using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Election;

/// <summary>An address as a node's speaker says it answers for it.</summary>
internal sealed record Announcement(string Node, string Interface, string? Mac, DateTimeOffset Since, long Epoch, int Term, long SeenAt);

/// <summary>Who says to answer for which address, from the Speaker objects.</summary>
internal sealed class Announcements(TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Dictionary<IPAddress, Announcement>> _byNode = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, List<Announcement>> _byAddress = [];

    /// <summary>Whose word counts.</summary>
    public Func<string, bool> IsPresent { get; set; } = static _ => true;

    /// <summary>What the living speakers say about an address.</summary>
    public ImmutableArray<Announcement> Of(IPAddress address)
    {
        lock (_lock)
        {
            return _byAddress.TryGetValue(address, out var all) ? [.. all.Where(announcement => IsPresent(announcement.Node))] : [];
        }
    }

    public bool IsAnnounced(IPAddress address)
    {
        lock (_lock)
        {
            return _byAddress.TryGetValue(address, out var all) && all.Exists(announcement => IsPresent(announcement.Node));
        }
    }

    /// <summary>A Speaker object is new, has changed or went.</summary>
    /// <returns>The addresses for which something changed.</returns>
    public IReadOnlyCollection<IPAddress> Saw(string node, V1Alpha2Speaker? speaker)
    {
        var now = new Dictionary<IPAddress, Announcement>();
        foreach (var (address, words) in speaker is null ? [] : AnnouncedRanges.Read(speaker.Status))
        {
            now[address] = new Announcement(node, words.Interface, words.Mac, words.Since, words.Epoch ?? 0, words.Term ?? 0, time.GetTimestamp());
        }

        lock (_lock)
        {
            var before = _byNode.GetValueOrDefault(node) ?? [];
            var changed = new HashSet<IPAddress>();
            foreach (var (address, announcement) in now)
            {
                if (!before.TryGetValue(address, out var old) || old with { SeenAt = announcement.SeenAt } != announcement)
                {
                    changed.Add(address);
                    Put(address, announcement);
                }
            }

            foreach (var address in before.Keys.Where(address => !now.ContainsKey(address)))
            {
                changed.Add(address);
                Drop(address, node);
            }

            foreach (var address in now.Keys.Where(address => before.ContainsKey(address) && !changed.Contains(address)).ToArray())
            {
                now[address] = before[address];
            }

            _byNode[node] = now;
            if (speaker is null)
            {
                _byNode.Remove(node);
            }

            return changed;
        }
    }

    private void Put(IPAddress address, Announcement announcement)
    {
        Drop(address, announcement.Node);
        (_byAddress.TryGetValue(address, out var all) ? all : _byAddress[address] = []).Add(announcement);
    }

    private void Drop(IPAddress address, string node)
    {
        if (_byAddress.TryGetValue(address, out var all) && all.RemoveAll(announcement => announcement.Node == node) > 0 && all.Count == 0)
        {
            _byAddress.Remove(address);
        }
    }
}
