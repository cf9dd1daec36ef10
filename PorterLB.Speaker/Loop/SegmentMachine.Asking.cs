using PorterLB.Speaker.Ownership;

namespace PorterLB.Speaker.Loop;

// Asking for addresses (ARP probe, solicitation) before something is done about them.
public sealed partial class SegmentMachine
{
    /// <summary>
    /// So many addresses of one holder are asked for at a time. They all want to know the same, whether it still answers; asking for
    /// thousands would be a flood of broadcasts in the very moment in which the segment must work.
    /// </summary>
    private const int AskedOfOneHolder = 32;

    /// <summary>Begins to ask, if it was not begun, and goes on with it.</summary>
    private void Inquire(AddressState address)
    {
        if (!address.Inquiry.Running)
        {
            address.Inquiry.Begin(_now);
            address.AskedOf = address.BestPeer;
            if (address.AskedOf is { } asked)
            {
                asked.Inquiries++;
                address.AskedInRound = asked.AskingRound - 1;
            }

            TakeTurn(address);
        }

        // As good as an answer for this one.
        if (!address.AsksItself && address.AskedOf!.AnsweredAt >= address.Inquiry.RoundBegan)
        {
            address.Inquiry.Heard(_now, rival: false);
        }

        var round = address.Inquiry.RoundBegan;
        var sends = address.Inquiry.Step(_now);
        if (address.Inquiry.RoundBegan != round && address.Inquiry.Answered)
        {
            TakeTurn(address);
        }

        if (sends && address.AsksItself)
        {
            _effects.Add(new Effect.SendProbe(address.Address));
        }
    }

    /// <summary>Who asks by itself in the round that begins: all, if they are few; else whoever has not had a turn since all had one.</summary>
    private static void TakeTurn(AddressState address)
    {
        if (address.AskedOf is not { } holder)
        {
            address.AsksItself = true;
            return;
        }

        var asked = address.AsksItself;
        EndTurn(address, holder);
        if (holder.Inquiries <= AskedOfOneHolder || (!asked && holder.Asking < AskedOfOneHolder && address.AskedInRound != holder.AskingRound))
        {
            address.AsksItself = true;
            holder.Asking++;
            if (address.AskedInRound != holder.AskingRound)
            {
                address.AskedInRound = holder.AskingRound;
                holder.AskedInRound++;
                BeginRoundWhenAllHadTheirTurn(holder);
            }
        }
    }

    private static void BeginRoundWhenAllHadTheirTurn(Peers.Peer holder)
    {
        if (holder.AskedInRound >= holder.Inquiries)
        {
            holder.AskingRound++;
            holder.AskedInRound = 0;
        }
    }

    private static void StopAsking(AddressState address)
    {
        address.Inquiry.Stop();
        if (address.AskedOf is { } holder)
        {
            EndTurn(address, holder);
            holder.Inquiries--;
            holder.AskedInRound -= address.AskedInRound == holder.AskingRound ? 1 : 0;
            BeginRoundWhenAllHadTheirTurn(holder);
            address.AskedOf = null;
        }

        address.AsksItself = false;
    }

    private static void EndTurn(AddressState address, Peers.Peer holder)
    {
        if (address.AsksItself)
        {
            address.AsksItself = false;
            holder.Asking--;
        }
    }
}
