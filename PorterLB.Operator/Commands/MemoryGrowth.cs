namespace PorterLB.Operator.Commands;

/// <summary>Whether a process has grown, and has come to rest since. Looked at from time to time; all figures are bytes.</summary>
internal sealed class MemoryGrowth
{
    /// <summary>Whoever allocates less between two looks is at rest: leases, hellos, metrics.</summary>
    public const long Calm = 4 << 20;

    /// <summary>For less than this no thread is halted.</summary>
    public const long WorthACollection = 8 << 20;

    /// <summary>So many looks rest is waited for: among a hundred speakers there is none.</summary>
    public const int Patience = 6;

    private long _allocated;
    private long _inUse;
    private int _looks;

    /// <summary>One look.</summary>
    /// <param name="allocated">All that was ever allocated.</param>
    /// <param name="resident">What the process has in RAM.</param>
    /// <returns>Whether it is time to collect; <see cref="Settle"/> is to follow then.</returns>
    public bool IsOver(long allocated, long resident)
    {
        var calm = allocated - _allocated < Calm;
        _allocated = allocated;
        _looks = resident >= _inUse + WorthACollection ? _looks + 1 : 0;
        return _looks > 0 && (calm || _looks > Patience);
    }

    /// <summary>What is resident after a collection is in use.</summary>
    public void Settle(long resident)
    {
        _inUse = resident;
        _looks = 0;
    }
}
