using System.Net;
using System.Net.Sockets;

namespace PorterLB.Tests.Simulation;

/// <summary>The wire: what is lost, late, doubled or cut, per direction. The router is the last place on it.</summary>
internal sealed class SimulatedSegment(SimulatedClock clock, Random random, int nodes)
{
    private readonly bool[,] _cut = new bool[nodes + 1, nodes + 1];
    private readonly bool[,] _hellosCut = new bool[nodes + 1, nodes + 1];

    public int Router { get; } = nodes;

    /// <summary>Whether the router answers when it is asked for a sign of life; it carries traffic either way.</summary>
    public bool RouterAnswers { get; set; } = true;

    public double Loss { get; set; }

    public double DelayAtMost { get; set; } = 3;

    public double Doubled { get; set; }

    /// <summary>Which ends of the wire have a link; the router always has.</summary>
    public bool[] Up { get; } = [.. Enumerable.Repeat(true, nodes + 1)];

    /// <summary>Which ends receive nothing.</summary>
    public bool[] Deaf { get; } = new bool[nodes + 1];

    /// <summary>Which ends send nothing.</summary>
    public bool[] Mute { get; } = new bool[nodes + 1];

    public void Cut(int from, int to, bool cut) => _cut[from, to] = cut;

    public void CutHellos(int from, int to, bool cut) => _hellosCut[from, to] = cut;

    public void Heal()
    {
        Array.Clear(_cut);
        Array.Clear(_hellosCut);
    }

    public bool Reaches(int from, int to) => Up[from] && Up[to] && !_cut[from, to] && !Mute[from] && !Deaf[to];

    public bool ReachesBothWays(int node) => Reaches(node, Router) && Reaches(Router, node);

    public void Carry(int from, int to, bool isHello, Action arrive)
    {
        if (!Reaches(from, to) || (isHello && _hellosCut[from, to]))
        {
            return;
        }

        for (var copies = random.NextDouble() < Doubled ? 2 : 1; copies > 0; copies--)
        {
            if (Loss > 0 && random.NextDouble() < Loss)
            {
                continue;
            }

            clock.After(0.2 + (random.NextDouble() * (DelayAtMost - 0.2)), () =>
            {
                // A frame on the way is lost with the link that it goes to.
                if (Up[to] && !Deaf[to])
                {
                    arrive();
                }
            });
        }
    }
}

/// <summary>
/// The neighbour that carries the traffic in: a Linux router, which takes a gratuitous ARP unless its entry changed within the last second
/// (the locktime of its neighbour table; NDP has none).
/// </summary>
internal sealed class SimulatedRouter(SimulatedClock clock)
{
    private static readonly TimeSpan LockTime = TimeSpan.FromSeconds(1);
    private readonly Dictionary<IPAddress, (int Node, TimeSpan At)> _neighbors = [];

    public int? PointsAt(IPAddress address) => _neighbors.TryGetValue(address, out var entry) ? entry.Node : null;

    public void HearGratuitous(IPAddress address, int node)
    {
        if (!_neighbors.TryGetValue(address, out var entry)
            || (entry.Node != node && (address.AddressFamily == AddressFamily.InterNetworkV6 || clock.Now - entry.At >= LockTime)))
        {
            _neighbors[address] = (node, clock.Now);
        }
    }
}

/// <summary>Records what goes over the wire, to play it again: signed, well formed, and a lie by then.</summary>
internal sealed class Recorder
{
    private readonly List<(int From, byte[] Datagram)> _recorded = [];

    public bool On { get; set; }

    public IReadOnlyList<(int From, byte[] Datagram)> All => _recorded;

    public void Record(int from, byte[]? datagram)
    {
        if (datagram is not null)
        {
            _recorded.Add((from, datagram));
        }
    }

    public IEnumerable<byte[]> Of(int node) => _recorded.Where(r => r.From == node).Select(r => r.Datagram);
}
