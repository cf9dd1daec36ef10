using System.Collections.Immutable;
using System.IO.Enumeration;
using System.Net;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>Which interface an address belongs on.</summary>
/// <param name="interfaces">All of the node.</param>
/// <param name="allowed">Names or globs; empty allows all.</param>
/// <param name="routeTo">The kernel's routing table.</param>
internal sealed class InterfaceChoice(ImmutableArray<LocalInterface> interfaces, ImmutableArray<string> allowed, Func<IPAddress, Route?> routeTo)
{
    private const string CanReach = "can_reach:";

    private readonly LocalInterface[] _usable =
        [.. interfaces.Where(candidate => candidate.Skipped is null && (allowed.IsEmpty || allowed.Any(glob => Matches(glob, candidate.Name))))];

    // Thousands of addresses are asked for in a row, and most want the same.
    private (LocalInterface On, IPNetwork Subnet)[]? _subnets;
    private (ImmutableArray<string> Wanted, LocalInterface[] Interfaces, (LocalInterface On, IPNetwork Subnet)[] Subnets) _named;

    private readonly Dictionary<string, int?> _reached = new(StringComparer.Ordinal);

    /// <summary>Those that may be used, by index.</summary>
    public IReadOnlyList<LocalInterface> Usable => _usable;

    /// <summary>
    /// The interface for an address: among those named, or among all when none is named, the one whose subnet holds the address (the
    /// narrowest subnet, when several do); of named ones whose subnets do not, the first that is up.
    /// </summary>
    /// <returns>Null when there is none.</returns>
    public LocalInterface? For(IPAddress address, ImmutableArray<string> wanted)
    {
        if (wanted.IsDefaultOrEmpty)
        {
            return BySubnet(_subnets ??= SubnetsOf(_usable), address);
        }

        if (_named.Wanted.IsDefault || !_named.Wanted.AsSpan().SequenceEqual(wanted.AsSpan()))
        {
            LocalInterface[] named = [.. _usable.Where(candidate => wanted.Any(name => Is(candidate, name))).OrderByDescending(candidate => candidate.Up)];
            _named = (wanted, named, SubnetsOf(named));
        }

        return BySubnet(_named.Subnets, address) ?? _named.Interfaces.FirstOrDefault();
    }

    /// <summary>Whether what is wanted depends on the routing table.</summary>
    public static bool AsksForRoute(string wanted) => wanted.StartsWith(CanReach, StringComparison.Ordinal);

    private bool Is(LocalInterface candidate, string wanted)
    {
        if (!AsksForRoute(wanted))
        {
            return Matches(wanted, candidate.Name);
        }

        if (!_reached.TryGetValue(wanted, out var index))
        {
            index = IPAddress.TryParse(wanted.AsSpan(CanReach.Length), out var destination) ? routeTo(destination)?.Interface : null;
            _reached.Add(wanted, index);
        }

        return candidate.Index == index;
    }

    /// <summary>The narrowest first.</summary>
    private static (LocalInterface On, IPNetwork Subnet)[] SubnetsOf(IEnumerable<LocalInterface> candidates) =>
    [
        .. from candidate in candidates
           from subnet in candidate.Subnets
           orderby subnet.PrefixLength descending, candidate.Up descending, candidate.Index
           select (candidate, subnet),
    ];

    private static LocalInterface? BySubnet((LocalInterface On, IPNetwork Subnet)[] subnets, IPAddress address)
    {
        foreach (var (on, subnet) in subnets)
        {
            if (subnet.Contains(address))
            {
                return on;
            }
        }

        return null;
    }

    private static bool Matches(string glob, string name) => FileSystemName.MatchesSimpleExpression(glob, name, ignoreCase: false);
}
