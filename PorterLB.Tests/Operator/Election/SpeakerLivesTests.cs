using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;

namespace PorterLB.Tests.Operator.Election;

public sealed class SpeakerLivesTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly SpeakerLives _lives;
    private int _version;

    public SpeakerLivesTests() => _lives = new SpeakerLives(_time);

    private void Renew(string node, string? holder = "x") => _lives.Saw(
        null, new LeaseView { Metadata = new() { Name = $"porterlb-{node}", ResourceVersion = $"{++_version}" }, Spec = new() { HolderIdentity = holder } });

    private static V1Alpha2Speaker Speaker(string node, bool deaf = false, params string[] peers) => new()
    {
        Metadata = new() { Name = node },
        Status = new()
        {
            Interfaces = [new() { Name = "eth0", Up = true, Deaf = deaf }],
            Peers = [.. peers.Select(peer => new V1Alpha2SpeakerPeer { Node = peer.TrimStart('!'), Interface = "eth0", Alive = peer[0] != '!' })],
        },
    };

    private string Judge(params V1Alpha2Speaker[] speakers) =>
        string.Join(' ', _lives.Judge(speakers).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}:{pair.Value}"));

    [Fact]
    public void A_speaker_lives_for_forty_seconds_after_its_lease_was_seen_to_change()
    {
        Renew("a");
        Assert.Equal("a:Present", Judge(Speaker("a")));
        _time.Advance(TimeSpan.FromSeconds(39.9));
        Assert.Equal("a:Present", Judge(Speaker("a")));
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("a:Silent", Judge(Speaker("a")));
    }

    [Fact]
    public void A_node_that_those_who_heard_it_hear_no_more_is_gone_at_once()
    {
        Renew("a");
        Renew("b");
        Renew("c");
        Judge(Speaker("a", peers: ["b", "c"]), Speaker("b", peers: ["a", "c"]), Speaker("c", peers: ["a", "b"]));
        Assert.Equal("a:Present b:Present c:Present", Judge(Speaker("a", peers: ["b", "!c"]), Speaker("b", peers: ["a", "c"]), Speaker("c", peers: ["a", "b"])));
        Assert.Equal("a:Present b:Present c:Unheard", Judge(Speaker("a", peers: ["b", "!c"]), Speaker("b", peers: ["a"]), Speaker("c", peers: ["a", "b"])));
        Assert.Equal(TimeSpan.Zero, _lives.GoneFor("a"));
    }

    [Fact]
    public void A_node_that_is_cut_off_from_the_API_server_lives_while_others_hear_it()
    {
        Renew("a");
        Renew("b");
        _time.Advance(TimeSpan.FromSeconds(30));
        Renew("a");
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal("a:Present b:Present", Judge(Speaker("a", peers: ["b"]), Speaker("b")));
    }

    [Fact]
    public void A_node_alone_on_its_segment_is_judged_by_its_lease()
    {
        Renew("a");
        Renew("b");
        Renew("c");
        Assert.Equal("a:Present b:Present c:Present", Judge(Speaker("a", peers: ["b"]), Speaker("b", peers: ["a"]), Speaker("c")));
    }

    [Fact]
    public void Who_hears_nothing_at_all_is_no_witness()
    {
        Renew("a");
        Renew("b");
        Judge(Speaker("a", peers: ["b"]), Speaker("b", peers: ["a"]));
        Assert.Equal("a:Present b:Present", Judge(Speaker("a", deaf: true), Speaker("b", peers: ["a"])));
    }

    [Fact]
    public void When_no_hello_gets_through_anywhere_the_leases_decide()
    {
        Renew("a");
        Renew("b");
        Judge(Speaker("a", peers: ["b"]), Speaker("b", peers: ["a"]));
        Assert.Equal("a:Present b:Present", Judge(Speaker("a", peers: ["!b"]), Speaker("b", peers: ["!a"])));
    }

    [Fact]
    public void Where_nobody_listens_any_more_the_leases_decide()
    {
        Renew("a");
        Renew("b");
        Renew("c");
        Judge(Speaker("a", peers: ["b", "c"]), Speaker("b", peers: ["a", "c"]), Speaker("c", peers: ["a", "b"]));

        // The last address of the segment that c is on was released: its speakers stopped to listen there.
        Assert.Equal("a:Present b:Present c:Present", Judge(Speaker("a", peers: ["b"]), Speaker("b", peers: ["a"]), Speaker("c")));
    }

    [Fact]
    public void A_lease_that_was_given_back_is_nobodys()
    {
        Renew("a");
        Renew("a", holder: "");
        Assert.Equal("a:Silent", Judge(Speaker("a")));
    }

    [Fact]
    public void After_the_manager_itself_was_cut_off_everybody_has_forty_seconds_again()
    {
        Renew("a");
        _time.Advance(TimeSpan.FromMinutes(5));
        _lives.CountAnew();
        Assert.Equal("a:Present", Judge(Speaker("a")));
    }
}
