using System.Net;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Network;

/// <summary>A machine on the segment: a network namespace with one Ethernet card, whose cable ends at the switch.</summary>
public sealed class Host
{
    public const string Interface = "eth0";
    private readonly Segment _segment;

    internal Host(Segment segment, string name, int number)
    {
        _segment = segment;
        Name = name;
        Number = number;
        Namespace = segment.NamespaceOf(name);
        Mac = $"02:00:63:{segment.Slot:x2}:00:{number:x2}";
    }

    public string Name { get; }

    /// <summary>The last part of its addresses, 1..254.</summary>
    public int Number { get; }

    public NetworkNamespace Namespace { get; }

    public IPAddress IPv4 => _segment.IPv4(Number);

    public IPAddress IPv6 => _segment.IPv6(Number);

    public string Mac { get; }

    /// <summary>The other end of the cable, on the switch. At most 15 letters, like every interface's name.</summary>
    internal string Port => $"p-{Name}";

    public Command Command(string file, params string[] arguments) => Namespace.Inside(new Command(file, [.. arguments]));

    public Task<string> RunAsync(string script, CancellationToken cancellationToken = default) =>
        Namespace.Inside(Processes.Command.Shell(script)).RunAsync(cancellationToken);

    /// <summary>Pulls the cable at the switch: the host's own interface loses its carrier.</summary>
    public Task CutCableAsync(CancellationToken cancellationToken = default) => _segment.SwitchAsync($"ip link set {Port} down", cancellationToken);

    public Task PlugCableAsync(CancellationToken cancellationToken = default) => _segment.SwitchAsync($"ip link set {Port} up", cancellationToken);

    /// <summary>The switch drops every frame of this port, both ways, and the host's interface notices nothing.</summary>
    public Task BlackholeAsync(CancellationToken cancellationToken = default) =>
        _segment.SwitchAsync($"bridge link set dev {Port} state 0", cancellationToken);

    /// <summary>Ends <see cref="BlackholeAsync"/>.</summary>
    public Task ForwardAsync(CancellationToken cancellationToken = default) =>
        _segment.SwitchAsync($"bridge link set dev {Port} state 3", cancellationToken);

    /// <summary>The switch drops every frame to this port, and forwards those from it: the host can speak and hears nothing.</summary>
    public Task DeafenAsync(CancellationToken cancellationToken = default) => _segment.SwitchAsync($"ebtables -A FORWARD -o {Port} -j DROP", cancellationToken);

    /// <summary>The switch drops every frame from this port, and forwards those to it.</summary>
    public Task MuteAsync(CancellationToken cancellationToken = default) => _segment.SwitchAsync($"ebtables -A FORWARD -i {Port} -j DROP", cancellationToken);

    /// <summary>The switch drops the frames from another port to this one, and no others.</summary>
    public Task IgnoreAsync(Host other, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(other);
        return _segment.SwitchAsync($"ebtables -A FORWARD -i {other.Port} -o {Port} -j DROP", cancellationToken);
    }

    /// <summary>Takes the card out of the machine: its interface is gone, and everything that was set on it.</summary>
    public Task RemoveCardAsync(CancellationToken cancellationToken = default) => RunAsync($"ip link delete {Interface}", cancellationToken);

    /// <summary>Puts a card back, with the same addresses.</summary>
    public Task InsertCardAsync(CancellationToken cancellationToken = default) => _segment.PlugInAsync(this, cancellationToken);

    public override string ToString() => Name;
}
