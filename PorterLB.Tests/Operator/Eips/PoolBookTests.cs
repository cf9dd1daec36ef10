using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Entities;

namespace PorterLB.Tests.Operator.Eips;

public sealed class PoolBookTests
{
    private readonly Cached<V1Alpha2Eip> _eips = new();
    private readonly Allocator _allocator = new(new FakeTimeProvider(), _ => false);
    private readonly PoolBook _book;

    public PoolBookTests() => _book = new PoolBook(_eips, _allocator);

    private static V1Alpha2Eip Eip(string address, long generation = 1, string uid = "u", string name = "lan") =>
        new() { Metadata = { Name = name, Uid = uid, Generation = generation }, Spec = { Address = address } };

    private string? Refreshed(params V1Alpha2Eip[] eips)
    {
        _eips.All.Clear();
        _eips.All.AddRange(eips);
        _book.Refresh();
        return _allocator.Find("lan") is { } pool ? pool.Problem is null ? pool.RangesText : "wrong" : null;
    }

    [Fact]
    public void A_pool_follows_its_Eip_and_goes_with_it()
    {
        Assert.Equal("10.0.0.1", Refreshed(Eip("10.0.0.1")));
        Assert.Equal("10.0.0.2", Refreshed(Eip("10.0.0.2", generation: 2)));
        Assert.Null(Refreshed());
        Assert.Equal("10.0.0.3", Refreshed(Eip("10.0.0.3")));
    }

    [Fact]
    public void An_Eip_that_was_made_anew_between_two_looks_is_another_one()
    {
        Assert.Equal("10.0.0.1", Refreshed(Eip("10.0.0.1")));
        Assert.Equal("10.0.0.2", Refreshed(Eip("10.0.0.2", uid: "v")));
    }

    [Fact]
    public void Deletion_and_the_default_mark_count_although_they_change_no_generation()
    {
        Refreshed(Eip("10.0.0.1"));
        var deleted = Eip("10.0.0.1");
        deleted.Metadata.DeletionTimestamp = DateTime.UnixEpoch;
        Refreshed(deleted);
        Assert.True(_allocator.Find("lan")!.Deleting);
        var marked = Eip("10.0.0.1");
        marked.Metadata.Annotations = new Dictionary<string, string> { ["eip.openelb.kubesphere.io/is-default-eip"] = "true" };
        Refreshed(marked);
        Assert.True(_allocator.Find("lan")!.IsDefault);
    }

    [Fact]
    public void What_keeps_an_Eip_from_being_a_pool_may_be_another_one()
    {
        var older = Eip("10.0.0.0/28", name: "older");
        var younger = Eip("10.0.0.1");
        younger.Metadata.CreationTimestamp = DateTime.UnixEpoch;
        Assert.Equal("wrong", Refreshed(older, younger));
        Assert.Equal("10.0.0.1", Refreshed(younger));
    }

    [Fact]
    public void A_status_that_is_written_makes_nobody_judge_all_Eips_again()
    {
        var eip = Eip("10.0.0.1");
        Refreshed(eip);

        // Nothing but a generation says that a spec has changed.
        var written = Eip("10.0.0.2");
        written.Status.Usage = 1;
        Assert.Equal("10.0.0.1", Refreshed(written));
    }
}
