using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Announcing;

/// <summary>
/// Which claims go into the next hello (protocol section 2): news three times, releases among them; then all claims held, round robin, for
/// ever, for claims told only once leave two holders behind under loss; then claims of holders that some peer does not hear.
/// </summary>
internal sealed class ClaimTeller
{
    private const int TimesToTell = 3;

    private readonly List<AddressState> _held = [];
    private readonly Queue<AddressState> _news = [];
    private readonly Queue<AddressState> _again = [];
    private int _heldCursor;
    private int _relayCursor;

    /// <summary>The addresses held, in no order.</summary>
    public IReadOnlyList<AddressState> Held => _held;

    /// <summary>Whether something waits that was not told at all yet.</summary>
    public bool HasNews => _news.Count > 0;

    /// <summary>An address is held from now on.</summary>
    public void Hold(AddressState address)
    {
        address.HeldIndex = _held.Count;
        _held.Add(address);
    }

    /// <summary>An address is held no more.</summary>
    public void Drop(AddressState address)
    {
        var last = _held[^1];
        _held[address.HeldIndex] = last;
        last.HeldIndex = address.HeldIndex;
        _held.RemoveAt(_held.Count - 1);
        address.HeldIndex = -1;
    }

    /// <summary>Something changed: tell it at once and twice more.</summary>
    public void Tell(AddressState address)
    {
        address.TellsLeft = TimesToTell;
        if (!address.IsNews)
        {
            address.IsNews = true;
            _news.Enqueue(address);
        }
    }

    /// <summary>Somebody said otherwise: tell it with the next hello.</summary>
    public void Repeat(AddressState address)
    {
        if (!address.IsNews && !address.IsRepeated)
        {
            address.TellsLeft = 1;
            address.IsRepeated = true;
            _again.Enqueue(address);
        }
    }

    /// <summary>Tells of everything held, in as many hellos as are needed.</summary>
    /// <param name="draft">The next of these hellos.</param>
    /// <param name="told">How many were told in the ones before.</param>
    /// <returns>How many are told now.</returns>
    public int FillAll(HelloDraft draft, int told)
    {
        draft.BeginRest();
        while (told < _held.Count && draft.TryAdd(Own(_held[told], draft)))
        {
            told++;
        }

        return told;
    }

    /// <summary>Tells what is due in one hello.</summary>
    /// <param name="draft">The hello.</param>
    /// <param name="periodic">Whether its time had come; hellos sent at once do not use up the repetitions, or one burst of loss takes all.</param>
    /// <param name="relayed">Valid claims of holders that some peer does not hear.</param>
    public void Fill(HelloDraft draft, bool periodic, IReadOnlyList<AddressState> relayed)
    {
        draft.BeginOwnClaims(relays: relayed.Count > 0);
        var repetitions = periodic ? _again.Count : 0;
        while (_news.TryPeek(out var address) && TryTell(draft, address))
        {
            _news.Dequeue();
            address.IsNews = false;
            Told(address);
        }

        while (repetitions-- > 0 && _again.TryPeek(out var address) && (address.IsNews || TryTell(draft, address)))
        {
            _again.Dequeue();
            address.IsRepeated = false;
            if (!address.IsNews)
            {
                Told(address);
            }
        }

        for (var n = _held.Count; n > 0; n--)
        {
            var next = (_heldCursor + 1) % _held.Count;
            if (!TryTell(draft, _held[next]))
            {
                break;
            }

            _heldCursor = next;
        }

        draft.BeginRest();
        for (var n = relayed.Count; n > 0; n--)
        {
            var next = (_relayCursor + 1) % relayed.Count;
            if (!draft.TryAdd(relayed[next].Best!))
            {
                break;
            }

            _relayCursor = next;
        }
    }

    /// <summary>Whether there is nothing to tell of this address (any more), or it is told.</summary>
    private static bool TryTell(HelloDraft draft, AddressState address)
    {
        if (address.ToldIn == draft.Sequence || (!address.Held && address.Tombstone == AddressState.NoTombstone))
        {
            return true;
        }

        if (!draft.TryAdd(address.Held ? Own(address, draft) : Release(address)))
        {
            return false;
        }

        address.ToldIn = draft.Sequence;
        return true;
    }

    private void Told(AddressState address)
    {
        if (--address.TellsLeft > 0 && !address.IsRepeated && (address.Held || address.Tombstone != AddressState.NoTombstone))
        {
            address.IsRepeated = true;
            _again.Enqueue(address);
        }
    }

    private static Claim Release(AddressState address) =>
        new(address.Address, new ClaimRank(address.Tombstone, ClaimRank.Released, false, false, false), "", default, 0);

    private static Claim Own(AddressState address, HelloDraft draft) =>
        new(address.Address, address.Own, draft.Node, draft.Incarnation, draft.Sequence);
}
