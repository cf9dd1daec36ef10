namespace PorterLB.Operator.Addresses;

/// <summary>The Services without all that they ask for: first come, first served. Not for several threads.</summary>
internal sealed class WaitingLine
{
    private readonly LinkedList<Holding> _line = [];

    /// <summary>How many wait, by reason.</summary>
    public IReadOnlyDictionary<RefusalReason, int> ByReason => _line.CountBy(holding => holding.Waits?.Reason ?? RefusalReason.PoolExhausted).ToDictionary();

    /// <summary>Whoever comes first first; the one that is looked at may leave meanwhile.</summary>
    public IEnumerable<Holding> InOrder()
    {
        for (var place = _line.First; place is not null;)
        {
            var holding = place.Value;
            place = place.Next;
            yield return holding;
        }
    }

    /// <summary>A Service waits, and keeps its place if it has one already.</summary>
    public void Wait(Holding holding, Refusal why)
    {
        holding.Waits = why;
        holding.Place ??= _line.AddLast(holding);
    }

    /// <summary>A Service waits for nothing.</summary>
    public void Leave(Holding holding)
    {
        holding.Waits = null;
        if (holding.Place is { } place)
        {
            _line.Remove(place);
            holding.Place = null;
        }
    }
}
