namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>What a <see cref="FaultProxy"/> does to one request instead of just forwarding it.</summary>
internal abstract record Fault
{
    /// <summary>Answers itself, as an API server that refuses does.</summary>
    public sealed record Refuse(int Status, string Reason, TimeSpan? RetryAfter = null) : Fault
    {
        public static readonly Refuse Gone = new(410, "Expired");
        public static readonly Refuse Broken = new(500, "InternalError");

        public static Refuse Busy(TimeSpan retryAfter) => new(429, "TooManyRequests", retryAfter);
    }

    /// <summary>Answers a watch with an error event, as an API server does that notices only then.</summary>
    public sealed record GoneByEvent : Fault;

    /// <summary>Ends the answer, whatever it is, after so many bytes of its body, without an end.</summary>
    public sealed record CutAfter(long Bytes) : Fault;

    /// <summary>Passes the body of the answer on in pieces of so many bytes, ten a second.</summary>
    public sealed record Trickle(int Bytes) : Fault;

    /// <summary>Delivers the request only when the task has ended, whatever has become of who sent it.</summary>
    public sealed record Late(Task Until) : Fault;
}
