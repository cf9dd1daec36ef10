namespace PorterLB.Reconciler.Leadership;

/// <summary>This process led, and no longer does. It must end: it cannot know which of what it holds in memory is still true.</summary>
public sealed class LeadershipLostException : Exception
{
    /// <summary>Makes one.</summary>
    public LeadershipLostException(string message)
        : base(message)
    {
    }
}
