using System.Collections.Immutable;
using PorterLB.Operator.Entities;

namespace PorterLB.Operator.Election;

/// <summary>
/// Which speakers live. A lease counts as fresh while it was seen to change within 40 s on this process's own monotonic clock; the times
/// written in it come from other clocks and are not read. Faster than any lease: what the speakers hear of each other on the wire.
/// </summary>
internal sealed class SpeakerLives(TimeProvider time)
{
    /// <summary>A speaker renews every 10 s.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(40);

    /// <summary>How the lease of a node's speaker is named.</summary>
    public const string LeasePrefix = "porterlb-";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, long> _renewed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _gone = new(StringComparer.Ordinal);

    /// <summary>A lease was seen for the first time, or changed, or went.</summary>
    public void Saw(LeaseView? old, LeaseView? @new)
    {
        var name = (@new ?? old)!.Metadata.Name;
        if (!name.StartsWith(LeasePrefix, StringComparison.Ordinal))
        {
            return;
        }

        var node = name[LeasePrefix.Length..];
        lock (_lock)
        {
            if (@new is null || string.IsNullOrEmpty(@new.Spec.HolderIdentity))
            {
                _renewed.Remove(node);
            }
            else if (old is null || old.Metadata.ResourceVersion != @new.Metadata.ResourceVersion)
            {
                _renewed[node] = time.GetTimestamp();
            }
        }
    }

    /// <summary>This process could not watch for a while: nobody is to blame for what was not seen.</summary>
    public void CountAnew()
    {
        lock (_lock)
        {
            foreach (var node in _renewed.Keys.ToArray())
            {
                _renewed[node] = time.GetTimestamp();
            }
        }
    }

    /// <summary>Judges all speakers at once.</summary>
    public ImmutableDictionary<string, Presence> Judge(IReadOnlyCollection<V1Alpha2Speaker> speakers)
    {
        lock (_lock)
        {
            var fresh = _renewed.Where(lease => time.GetElapsedTime(lease.Value) < FreshFor).Select(lease => lease.Key).ToHashSet(StringComparer.Ordinal);

            // Who hears nothing at all, not even a neighbour, says nothing about others.
            var witnesses = speakers
                .Where(speaker => fresh.Contains(speaker.Metadata.Name) && speaker.Status.Interfaces.Any(item => item.Up && item.Skipped is null && !item.Deaf))
                .ToArray();
            var heard = witnesses
                .SelectMany(speaker => speaker.Status.Peers.Where(peer => peer.Alive && peer.Node != speaker.Metadata.Name).Select(peer => peer.Node))
                .ToHashSet(StringComparer.Ordinal);

            // Only who is said to be dead is: a speaker listens where it has addresses, and where it does not, nobody is listed at all.
            var lost = witnesses
                .SelectMany(speaker => speaker.Status.Peers.Where(peer => !peer.Alive && peer.Node != speaker.Metadata.Name).Select(peer => peer.Node))
                .ToHashSet(StringComparer.Ordinal);

            var result = ImmutableDictionary.CreateBuilder<string, Presence>(StringComparer.Ordinal);
            foreach (var speaker in speakers)
            {
                var node = speaker.Metadata.Name;
                result[node] = heard.Contains(node) ? Presence.Present
                    : !fresh.Contains(node) ? Presence.Silent
                    : lost.Contains(node) ? Presence.Unheard
                    : Presence.Present;
            }

            // When hellos get through nowhere, silence on the wire says something about the wire and nothing about a node.
            if (result.Count > 1 && result.Values.All(presence => presence != Presence.Present))
            {
                foreach (var node in fresh.Where(result.ContainsKey))
                {
                    result[node] = Presence.Present;
                }
            }

            foreach (var (node, presence) in result)
            {
                if (presence == Presence.Present)
                {
                    _gone.Remove(node);
                }
                else
                {
                    _gone.TryAdd(node, time.GetTimestamp());
                }
            }

            return result.ToImmutable();
        }
    }

    /// <summary>For how long a node has been gone; zero while it is present.</summary>
    public TimeSpan GoneFor(string node)
    {
        lock (_lock)
        {
            return _gone.TryGetValue(node, out var since) ? time.GetElapsedTime(since) : TimeSpan.Zero;
        }
    }
}
