using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// Whether the node's own kernel answers for an address beside us, whoever holds it: the classic of kube-proxy in IPVS mode, which
/// puts every address on a local interface, with ARP left as it is.
/// </summary>
/// <param name="all">All interfaces of the node.</param>
/// <param name="readSysctl">Reads a file under /proc/sys/net; null when it is not there.</param>
internal sealed class KernelAnswers(ImmutableArray<LocalInterface> all, Func<string, string?> readSysctl)
{
    // For thousands of addresses, all of which may be local ones.
    private readonly Dictionary<IPAddress, LocalInterface> _local = ByAddress(all);
    private readonly Dictionary<string, int> _arpIgnore = new(StringComparer.Ordinal);

    /// <summary>What is wrong and what to do about it, or null.</summary>
    /// <param name="address">An address to announce.</param>
    /// <param name="on">The interface to announce it on.</param>
    public string? Problem(IPAddress address, LocalInterface on)
    {
        if (!_local.TryGetValue(address, out var local))
        {
            return null;
        }

        if (local.Index == on.Index)
        {
            return $"{address} is an address of {on.Name} itself, so this node's kernel answers for it at all times; remove it from {on.Name}.";
        }

        // For IPv6 the kernel answers on the interface that has the address and nowhere else.
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return null;
        }

        return Math.Max(ArpIgnore("all"), ArpIgnore(on.Name)) > 0 ? null
            : $"{address} is an address of {local.Name}, and net.ipv4.conf.{on.Name}.arp_ignore is 0, so this node's kernel answers for it at all " +
              "times; set net.ipv4.conf.all.arp_ignore=1 and net.ipv4.conf.all.arp_announce=2 (kube-proxy in IPVS mode: strictARP: true).";
    }

    /// <summary>Reads a file under /proc/sys/net.</summary>
    public static string? ReadSysctl(string path)
    {
        try
        {
            return File.ReadAllText($"/proc/sys/net/{path}");
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static Dictionary<IPAddress, LocalInterface> ByAddress(ImmutableArray<LocalInterface> all)
    {
        Dictionary<IPAddress, LocalInterface> local = [];
        foreach (var candidate in all)
        {
            foreach (var own in candidate.Addresses)
            {
                local.TryAdd(own.Address, candidate);
            }
        }

        return local;
    }

    private int ArpIgnore(string name)
    {
        if (!_arpIgnore.TryGetValue(name, out var value))
        {
            _arpIgnore[name] = value = int.TryParse(readSysctl($"ipv4/conf/{name}/arp_ignore"), out var read) ? read : 0;
        }

        return value;
    }
}
