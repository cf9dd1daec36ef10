using System.Collections.Immutable;
using System.Net;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>What other threads tell the loop.</summary>
internal abstract record Mail
{
    private Mail()
    {
    }

    /// <summary>New rights, whole.</summary>
    public sealed record Apply(Rights Rights) : Mail;

    /// <summary>Contact with the source of the rights was won or lost.</summary>
    public sealed record Contact(bool Fresh) : Mail;

    /// <summary>The node's forwarding became healthy or unhealthy.</summary>
    public sealed record DataPlane(bool Healthy) : Mail;

    /// <summary>Keys were exchanged.</summary>
    public sealed record NewKeys(HelloKeys Keys) : Mail;

    /// <summary>The node's interfaces or routes changed.</summary>
    public sealed record Interfaces(ImmutableArray<LocalInterface> All) : Mail;

    /// <summary>A hello was heard.</summary>
    public sealed record Hello(Segment Segment, Hellos.Hello Heard, MacAddress Mac, IPAddress Source, TimeSpan CapturedAt) : Mail;

    /// <summary>A machine answered a question of ours.</summary>
    public sealed record Neighbor(Segment Segment, MacAddress Mac) : Mail;

    /// <summary>Another machine says that it has one of our addresses.</summary>
    public sealed record Claimed(Segment Segment, IPAddress Address, MacAddress Mac, bool Unasked) : Mail;

    /// <summary>A hello of our cluster came that none of our keys signed.</summary>
    public sealed record WrongKey(Segment Segment, MacAddress Mac, string? Node) : Mail;

    /// <summary>A hello of another cluster came.</summary>
    public sealed record OtherCluster(Segment Segment, string Tag, MacAddress Mac) : Mail;

    /// <summary>A wire ended by itself.</summary>
    public sealed record WireLost(Segment Segment, string Reason) : Mail;

    /// <summary>Hand over and stop.</summary>
    public sealed record Leave : Mail;

    /// <summary>Stop at once.</summary>
    public sealed record Stop : Mail;
}
