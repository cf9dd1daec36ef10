using System.Net;
using CsCheck;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Speaking;
using PorterLB.Reconciler.Attributes;
using PorterLB.Speaker;

namespace PorterLB.Tests.Operator.Speaking;

public sealed class AnnouncedRangesTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly MacAddress Mac = MacAddress.Parse("02:00:00:00:00:01");

    private static readonly Gen<AnnouncedAddress> Any =
        from v6 in Gen.Bool
        from number in Gen.Int[0, 300]
        from second in Gen.Int[0, 3]
        from term in Gen.Int[0, 2]
        select new AnnouncedAddress(IPAddress.Parse(v6 ? $"fd00::{number:x}" : $"10.0.{number / 256}.{number % 256}"), "eth0", Mac, Start.AddSeconds(second), 7, term);

    [Fact]
    public void What_is_written_is_read_as_it_was() => Any.Array[0, 200].Sample(all =>
    {
        var announced = all.DistinctBy(item => item.Address).ToArray();
        var read = AnnouncedRanges.Read(new V1Alpha2SpeakerStatus { Announced = AnnouncedRanges.Of(announced) })
            .Select(item => (item.Address, item.Words.Since, Term: item.Words.Term ?? 0, item.Words.Epoch)).ToHashSet();
        return read.SetEquals(announced.Select(item => (item.Address, item.Since, item.Term, item.Term > 0 ? item.Epoch : (long?)null)));
    });

    [Theory]
    [InlineData("10.{0}.{1}.{2}")]
    [InlineData("fd00:10:77:0:1:{0:x}:{1:x}:{2:x}")]
    public void Ten_thousand_addresses_that_lie_apart_and_were_all_taken_over_at_other_times_fit_into_an_object(string form)
    {
        var announced = Enumerable.Range(0, 10_000)
            .Select(i => new AnnouncedAddress(IPAddress.Parse(string.Format(null, form, i / 100, i % 100, 77)), "eth0", Mac, Start.AddSeconds(i * 7), 1_000_000 + i, 1)).ToArray();
        var status = SpeakerObject.Of(new SpeakerStatus { Announced = [.. announced] }, "1", Start, leaving: false);
        Assert.Equal(10_000, status.Addresses);
        Assert.Equal(announced.Select(item => item.Address).ToHashSet(), AnnouncedRanges.Read(status).Select(item => item.Address).ToHashSet());
        Assert.All(status.Announced, item => Assert.Equal(1, item.Term));
        Assert.InRange(status.Announced.Count, 1, AnnouncedRanges.MostEntries);
        Assert.InRange(SpeakerObject.Json(status).Length, 0, 800_000);
    }

    [Fact]
    public void More_ranges_than_an_object_holds_are_cut_and_the_count_stays_right()
    {
        var status = SpeakerObject.Of(
            new SpeakerStatus { Announced = [.. Enumerable.Range(0, 20_000).Select(i => new AnnouncedAddress(IPAddress.Parse($"10.1.{i / 100}.{i % 100 * 2}"), "eth0", Mac, Start, 0, 0))] }, "1", Start, leaving: false);
        Assert.Equal(20_000, status.Addresses);
        Assert.Equal(16_384, AnnouncedRanges.Read(status).Count());
    }

    [Fact]
    public void Entries_match_the_pattern_of_the_definition()
    {
        var pattern = typeof(V1Alpha2AnnouncedRange).GetProperty(nameof(V1Alpha2AnnouncedRange.Addresses))!.GetCustomAttributes(typeof(PatternAttribute), false).Cast<PatternAttribute>().Single();
        var announced = new[] { "10.0.0.1", "10.0.0.2", "10.0.0.9", "fd00::1" }.Select(text => new AnnouncedAddress(IPAddress.Parse(text), "eth0", Mac, Start, 0, 0)).ToArray();
        var entry = Assert.Single(AnnouncedRanges.Of(announced));
        Assert.Equal("10.0.0.1-10.0.0.2,10.0.0.9,fd00::1", entry.Addresses);
        Assert.Matches(pattern.RegexPattern, entry.Addresses);
    }

    [Fact]
    public void What_cannot_be_read_is_left_out()
    {
        var status = new V1Alpha2SpeakerStatus { Announced = [new V1Alpha2AnnouncedRange { Addresses = "10.0.0.1,,nonsense,10.0.0.3-10.0.0.4" }, new V1Alpha2AnnouncedRange { Addresses = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" }] };
        Assert.Equal(4, AnnouncedRanges.Read(status).Count());
    }
}
