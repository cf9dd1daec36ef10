namespace PorterLB.Reconciler.Events;

/// <summary>How much an Event matters.</summary>
public enum EventType
{
    /// <summary>Something happened as it should.</summary>
    Normal,

    /// <summary>Something needs a person's attention.</summary>
    Warning,
}
