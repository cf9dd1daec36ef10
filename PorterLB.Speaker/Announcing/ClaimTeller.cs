using System.Collections.Immutable;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Announcing;

/// <summary>
/// Which claims go into the next hello (protocol section 2): news three times, releases among them; then all claims held, round robin, for
/// ever, for claims told only once leave two holders behind under loss; then claims of holders that some peer does not hear.
/// </summary>
internal sealed class ClaimTeller(string self, int room)
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

    /// <summary>How many of a holder's claims one of its hellos repeats at least: the rest of the room may go to relays.</summary>
    public static int Share(int room) => Math.Max(1, room - RelayShare(room));

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

    /// <summary>Everything held, in as many parts as hellos are needed.</summary>
    public IEnumerable<ImmutableArray<Claim>> All(Incarnation incarnation, Func<ulong> nextSequence)
    {
        for (var first = 0; first < _held.Count; first += room)
        {
            var sequence = nextSequence();
            var claims = ImmutableArray.CreateBuilder<Claim>(Math.Min(room, _held.Count - first));
            for (var i = first; i < _held.Count && i < first + room; i++)
            {
                claims.Add(Own(_held[i], incarnation, sequence));
            }

            yield return claims.DrainToImmutable();
        }
    }

    /// <summary>The claims for one hello.</summary>
    /// <param name="incarnation">My life.</param>
    /// <param name="sequence">The hello's number.</param>
    /// <param name="periodic">Whether its time had come; hellos sent at once do not use up the repetitions, or one burst of loss takes all.</param>
    /// <param name="relayed">Valid claims of holders that some peer does not hear.</param>
    public ImmutableArray<Claim> Fill(Incarnation incarnation, ulong sequence, bool periodic, IReadOnlyList<AddressState> relayed)
    {
        var claims = ImmutableArray.CreateBuilder<Claim>();
        var repetitions = periodic ? _again.Count : 0;
        while (_news.Count > 0 && claims.Count < room)
        {
            var address = _news.Dequeue();
            address.IsNews = false;
            Take(address);
        }

        while (repetitions-- > 0 && claims.Count < room)
        {
            var address = _again.Dequeue();
            address.IsRepeated = false;
            if (!address.IsNews)
            {
                Take(address);
            }
        }

        var reserved = Math.Min(relayed.Count, RelayShare(room));
        for (var n = Math.Min(_held.Count, room - reserved - claims.Count); n > 0; n--)
        {
            _heldCursor = (_heldCursor + 1) % _held.Count;
            var address = _held[_heldCursor];
            if (address.ToldIn != sequence)
            {
                address.ToldIn = sequence;
                claims.Add(Own(address, incarnation, sequence));
            }
        }

        for (var n = Math.Min(relayed.Count, room - claims.Count); n > 0; n--)
        {
            _relayCursor = (_relayCursor + 1) % relayed.Count;
            claims.Add(relayed[_relayCursor].Best!);
        }

        return claims.DrainToImmutable();

        void Take(AddressState address)
        {
            if (address.Held)
            {
                claims.Add(Own(address, incarnation, sequence));
            }
            else if (address.Tombstone != AddressState.NoTombstone)
            {
                claims.Add(Release(address));
            }
            else
            {
                return;
            }

            address.ToldIn = sequence;
            if (--address.TellsLeft > 0 && !address.IsRepeated)
            {
                address.IsRepeated = true;
                _again.Enqueue(address);
            }
        }
    }

    private static int RelayShare(int room) => room / 4;

    private static Claim Release(AddressState address) =>
        new(address.Address, new ClaimRank(address.Tombstone, ClaimRank.Released, false, false, false), "", default, 0);

    private Claim Own(AddressState address, Incarnation incarnation, ulong sequence) =>
        new(address.Address, address.Own, self, incarnation, sequence);
}
