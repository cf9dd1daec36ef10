using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>Which address is answered for on which interface, and what stands in the way of the others.</summary>
internal sealed class Assignment
{
    private readonly Rights _rights;
    private readonly Dictionary<int, ImmutableDictionary<IPAddress, AddressRights>> _here;

    public Assignment(Rights rights, InterfaceChoice choice, ImmutableArray<LocalInterface> interfaces)
    {
        _rights = rights;
        var kernel = new KernelAnswers(interfaces, KernelAnswers.ReadSysctl);
        Dictionary<int, List<AddressRights>> here = [];
        foreach (var (_, address) in rights.Addresses)
        {
            if (choice.For(address.Address, address.Interfaces) is not { } on)
            {
                Problems.Add(new SpeakerReport(ReportKind.NoInterface, address.Address, Detail: Unserved(address)));
                continue;
            }

            if (!here.TryGetValue(on.Index, out var assigned))
            {
                here.Add(on.Index, assigned = []);
            }

            assigned.Add(address);
            if (kernel.Problem(address.Address, on) is { } problem)
            {
                Problems.Add(new SpeakerReport(ReportKind.KernelAnswers, address.Address, on.Name, Detail: problem));
            }
        }

        // Most nodes have one interface that matters, and all addresses there.
        _here = here.ToDictionary(
            entry => entry.Key,
            entry => entry.Value.Count == rights.Addresses.Count ? rights.Addresses : entry.Value.ToImmutableDictionary(address => address.Address));
        Wanted = [.. _here.Keys, .. rights.Expected.Select(range => choice.For(range.First, range.Interfaces)?.Index).OfType<int>()];
    }

    /// <summary>The interfaces with addresses, or where addresses may come.</summary>
    public HashSet<int> Wanted { get; }

    /// <summary>What people should put right, one report for an address and a reason.</summary>
    public List<SpeakerReport> Problems { get; } = [];

    /// <summary>The rights for the addresses on an interface.</summary>
    public ImmutableDictionary<IPAddress, AddressRights> On(int index) => _here.GetValueOrDefault(index, ImmutableDictionary<IPAddress, AddressRights>.Empty);

    /// <summary>The addresses that exist and do not belong on an interface.</summary>
    public ImmutableHashSet<IPAddress> ElsewhereThan(int index)
    {
        var here = On(index);
        return here.Count == _rights.Addresses.Count ? [] : [.. _rights.Addresses.Keys.Where(address => !here.ContainsKey(address))];
    }

    private static string Unserved(AddressRights rights) => rights.Interfaces.IsDefaultOrEmpty
        ? $"No interface of this node has a subnet that holds {rights.Address}; give one an address of that subnet, or name an interface."
        : $"No interface of this node is {string.Join(" or ", rights.Interfaces)} and can carry announcements of {rights.Address}.";
}
