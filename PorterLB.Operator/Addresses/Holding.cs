using System.Net;

namespace PorterLB.Operator.Addresses;

/// <summary>What one Service asks for, and what it has.</summary>
internal sealed class Holding(AddressRequest request)
{
    public AddressRequest Request { get; set; } = request;

    /// <summary>At most one for each family.</summary>
    public Dictionary<IpFamily, IPAddress> Addresses { get; } = [];

    /// <summary>The Eip that each came from, or null where nobody knows any more.</summary>
    public Dictionary<IpFamily, string?> Origins { get; } = [];

    /// <summary>
    /// Addresses that were taken from it and still stand in its status, as far as was seen, with the Eip of each. Until that is written
    /// nobody else gets them, or a crash in between would leave one address with two Services; and it has them again if it wants to.
    /// </summary>
    public Dictionary<IPAddress, string?> Left { get; } = [];

    /// <summary>
    /// Whether its policy and its selector are those with which this leader found it: what was shared by rules that are stricter now stays so.
    /// </summary>
    public bool IsAsFound { get; set; }

    /// <summary>Its place in the queue of those who wait, or null.</summary>
    public LinkedListNode<Holding>? Place { get; set; }

    /// <summary>Why it waits, or null.</summary>
    public Refusal? Waits { get; set; }
}
