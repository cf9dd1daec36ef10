using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Peers;

namespace PorterLB.Tests.Speaker.Peers;

public sealed class PeerTests
{
    private static readonly Standing Well = new(SpeakerState.Active, Steady: true, Fresh: true, Deaf: false, Healthy: true);
    private static readonly TimeSpan DeadAfter = At(400);

    [Fact]
    public void A_hello_that_does_not_name_me_proves_nothing_but_is_remembered_to_be_named()
    {
        var peer = new Peer("b");
        Assert.Equal(Arrival.Replayed, peer.Hear(Hello(process: 7, sequence: 1), At(0), namesMe: false, out _));
        Assert.False(peer.IsAlive(At(0), DeadAfter));
        Assert.Equal(new Incarnation(7, 1), peer.Unproven!.Incarnation);
        Assert.False(peer.Unproven.Proven);
    }

    [Fact]
    public void Once_proven_a_process_needs_to_name_me_no_more()
    {
        var peer = Proven();
        Assert.Equal(Arrival.Newest, peer.Hear(Hello(7, 2), At(100), namesMe: false, out _));
        Assert.True(peer.IsAlive(At(499), DeadAfter));
        Assert.False(peer.IsAlive(At(500), DeadAfter));
    }

    [Fact]
    public void A_later_life_of_a_proven_process_is_believed_and_an_earlier_one_is_not()
    {
        var peer = Proven();
        Assert.Equal(Arrival.Newest, peer.Hear(Hello(7, 1, life: 2), At(100), namesMe: false, out var newLife));
        Assert.True(newLife);
        Assert.Equal(Arrival.Replayed, peer.Hear(Hello(7, 50, life: 1), At(200), namesMe: true, out _));
    }

    [Fact]
    public void A_recording_of_an_earlier_process_is_refused_even_though_it_names_me()
    {
        var peer = Proven();
        peer.Hear(Hello(8, 1), At(100), namesMe: true, out var newLife);
        Assert.True(newLife);
        Assert.Equal(Arrival.Replayed, peer.Hear(Hello(7, 99), At(200), namesMe: true, out _));
        Assert.True(peer.IsPresent(new Incarnation(8, 1)));
    }

    [Fact]
    public void Passed_on_evidence_counts_only_with_a_newer_sequence()
    {
        var peer = Proven();
        peer.Learn(Heard(7, sequence: 1), At(300), fresh: true, out _);
        Assert.False(peer.IsAlive(At(400), DeadAfter));
        peer.Learn(Heard(7, sequence: 2), At(300), fresh: true, out _);
        Assert.True(peer.IsAlive(At(400), DeadAfter));
    }

    [Fact]
    public void Word_of_a_process_that_is_gone_does_not_replace_the_present_one()
    {
        var peer = Proven();
        peer.Hear(Hello(8, 1), At(100), namesMe: true, out _);
        peer.Learn(Heard(7, sequence: 99), At(90), fresh: true, out var newLife);
        Assert.False(newLife);
        peer.Learn(Heard(9, sequence: 1), At(90), fresh: true, out newLife);
        Assert.False(newLife);
        Assert.True(peer.IsPresent(new Incarnation(8, 1)));
    }

    [Fact]
    public void A_late_datagram_changes_neither_proof_nor_standing()
    {
        var peer = Proven();
        peer.Hear(Hello(7, 5), At(100), namesMe: false, out _);
        var late = Hello(7, 4) with { Standing = Well with { State = SpeakerState.Leaving } };
        Assert.Equal(Arrival.Late, peer.Hear(late, At(300), namesMe: false, out _));
        Assert.Equal(Well, peer.Standing);
        Assert.Equal(At(100), peer.Proof);
    }

    private static Peer Proven()
    {
        var peer = new Peer("b");
        peer.Hear(Hello(7, 1), At(0), namesMe: true, out _);
        return peer;
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);

    private static Hello Hello(ulong process, ulong sequence, uint life = 1) =>
        new() { Node = "b", Incarnation = new Incarnation(process, life), Sequence = sequence, Standing = Well };

    private static HeardPeer Heard(ulong process, ulong sequence) =>
        new("b", new Incarnation(process, 1), sequence, TimeSpan.Zero, Direct: true, Proven: true, Well);
}
