namespace PorterLB.Speaker.Loop;

/// <summary>
/// What other threads have told the loop and it has not read yet. The loop has a thread of its own and sleeps here, so that its
/// timers do not depend on a thread pool that is busy with something else.
/// </summary>
internal sealed class Mailbox
{
    /// <summary>How much may wait that came from the wire: beyond it, a flood is dropped and not the memory filled.</summary>
    private const int FromWireMax = 4_096;

    /// <summary>Claims may fill so much of it: whoever takes over thousands of addresses must not push out the hellos, by which it is alive.</summary>
    private const int ClaimsMax = 1_024;

    private readonly object _lock = new();
    private List<Mail> _waiting = [];

    /// <summary>Whether something waits to be taken.</summary>
    public bool HasMail
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Adds what must not be lost.</summary>
    public void Post(Mail mail)
    {
        lock (_lock)
        {
            Add(mail);
        }
    }

    /// <summary>Adds what came from the wire, unless too much is waiting.</summary>
    /// <returns>Whether it was added.</returns>
    public bool TryPost(Mail mail)
    {
        lock (_lock)
        {
            if (_waiting.Count >= (mail is Mail.Claimed ? ClaimsMax : FromWireMax))
            {
                return false;
            }

            Add(mail);
            return true;
        }
    }

    /// <summary>Waits for mail, at most so long, and takes all there is.</summary>
    /// <param name="timeout">Any length; negative is none.</param>
    /// <param name="into">Given in empty, given back to hold what waits next.</param>
    public void Take(TimeSpan timeout, ref List<Mail> into)
    {
        // Whole milliseconds, rounded up: to wake before the deadline would mean to turn around until it has come.
        var milliseconds = (int)Math.Clamp(Math.Ceiling(timeout.TotalMilliseconds), 0, 60_000);
        lock (_lock)
        {
            if (_waiting.Count == 0 && milliseconds > 0)
            {
                Monitor.Wait(_lock, milliseconds);
            }

            (_waiting, into) = (into, _waiting);
        }
    }

    private void Add(Mail mail)
    {
        _waiting.Add(mail);
        if (_waiting.Count == 1)
        {
            Monitor.Pulse(_lock);
        }
    }
}
