using System.Text;

namespace PorterLB.Speaker.Hellos;

/// <summary>Where everything stands in a hello (docs/reference/hello-protocol.md). All numbers are in network order.</summary>
internal static class HelloLayout
{
    /// <summary>The version that this speaker writes and the only one that it reads.</summary>
    public const byte Version = 1;

    /// <summary>Bytes of a whole hello, signature included, at most: it never needs a fragment, whatever tunnel the segment runs through.</summary>
    public const int MaxLength = 1200;

    public const int Flags = 1;
    public const int TotalLength = 2;
    public const int ClusterTag = 4;
    public const int ClusterTagLength = 8;
    public const int Mac = 12;
    public const int NodeCount = 18;
    public const int HeardCount = 19;
    public const int ClaimCount = 20;
    public const int Sequence = 22;
    public const int HeaderLength = 30;

    /// <summary>HMAC-SHA256 over everything before it.</summary>
    public const int SignatureLength = 32;

    public const int NodeFixedLength = 13;
    public const int NodeNameMax = 253;
    public const int HeardLength = 12;
    public const int ClaimFixedLength = 14;

    /// <summary>In a relayed claim, before the address; the sender's own claims are told in this very hello.</summary>
    public const int ClaimSequenceLength = 8;

    /// <summary>What a holder's own claim takes at most.</summary>
    public const int ClaimLengthMax = ClaimFixedLength + 16;

    /// <summary>Place of the sender among the nodes.</summary>
    public const byte Sender = 0;

    /// <summary>Index of "no node": the holder in a tombstone. So at most 255 nodes are named in a hello.</summary>
    public const byte Nobody = 255;

    public const byte StateMask = 0b11;
    public const byte Steady = 0b100;
    public const byte Fresh = 0b1000;
    public const byte Deaf = 0b1_0000;
    public const byte Healthy = 0b10_0000;
    public const byte StandingMask = StateMask | Steady | Fresh | Deaf | Healthy;

    public const byte HeardDirectly = 0b100_0000;
    public const byte HeardProven = 0b1000_0000;

    public const byte ClaimIPv6 = 0b1;
    public const byte ClaimSteady = 0b10;
    public const byte ClaimFresh = 0b100;
    public const byte ClaimElected = 0b1000;
    public const byte KnownClaimFlags = ClaimIPv6 | ClaimSteady | ClaimFresh | ClaimElected;

    /// <summary>Names are UTF-8; what is not is refused, not replaced, or two names could become one.</summary>
    public static Encoding Names { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
