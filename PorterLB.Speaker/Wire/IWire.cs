namespace PorterLB.Speaker.Wire;

/// <summary>An open interface: frames go out by it and come in by it.</summary>
internal interface IWire : IDisposable
{
    /// <summary>Whether frames have come that the sink has not taken in yet. May be asked by any thread.</summary>
    bool HasUnread { get; }

    /// <summary>Sends one frame. May be called by any thread.</summary>
    /// <returns>Whether the kernel took it.</returns>
    bool Send(ReadOnlySpan<byte> frame);

    /// <summary>Replaces the filter in one step, shortening it until the kernel takes it.</summary>
    /// <param name="filter">Makes the filter of at most so many instructions.</param>
    /// <returns>The filter that is in force now.</returns>
    CaptureFilter Admit(Func<int, CaptureFilter> filter);
}

/// <summary>Opens interfaces.</summary>
internal interface IWireFactory
{
    /// <summary>Opens an interface and begins to capture.</summary>
    /// <param name="name">The kernel's name for it.</param>
    /// <param name="filter">What is let through.</param>
    /// <param name="sink">Told of every frame, by the wire's own thread.</param>
    /// <exception cref="IOException">It cannot be opened: the message says why, for people.</exception>
    IWire Open(string name, Func<int, CaptureFilter> filter, IFrameSink sink);
}

/// <summary>Where captured frames go.</summary>
internal interface IFrameSink
{
    /// <summary>Takes in a frame and says what to send back at once.</summary>
    /// <param name="frame">Valid during the call.</param>
    /// <param name="capture">When it was captured.</param>
    /// <returns>A frame to send, or empty; used before the next call.</returns>
    ReadOnlySpan<byte> Take(ReadOnlySpan<byte> frame, in Capture capture);

    /// <summary>The wire ended by itself: no frame will come any more.</summary>
    /// <param name="reason">Why, for people.</param>
    void Lost(string reason);
}

/// <summary>
/// When a frame was captured. The kernel stamps frames by the wall clock, which can be set; two bounds on the monotonic clock keep a
/// step of it from making a queued hello look fresh, or a fresh one dead.
/// </summary>
/// <param name="Now">The present, on the machine's clock.</param>
/// <param name="NotBefore">The last time that no frame was waiting, on the machine's clock: every frame since was captured since.</param>
/// <param name="Stamp">When the kernel saw the frame, by the wall clock.</param>
internal readonly record struct Capture(TimeSpan Now, TimeSpan NotBefore, DateTimeOffset Stamp)
{
    /// <summary>When the kernel saw the frame, on the machine's clock.</summary>
    /// <param name="wallClock">The present, by the wall clock.</param>
    public TimeSpan CapturedAt(DateTimeOffset wallClock)
    {
        var captured = Now - (wallClock - Stamp);
        return captured > Now ? Now : captured < NotBefore ? NotBefore : captured;
    }
}
