using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;

namespace PorterLB.Tests.Speaker.Wire;

public sealed class RightsFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-").FullName;
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private string Path => System.IO.Path.Combine(_folder, "rights.json");

    private static Rights Some => new(new[]
    {
        new AddressRights { Address = IPAddress.Parse("192.168.0.91"), Epoch = 1234567890123, Elected = "a", Eligible = ["a", "b"], Interfaces = ["eth*"] },
        new AddressRights
        {
            Address = IPAddress.Parse("2001:db8::91"), Epoch = 2, Elected = null, Eligible = [],
            Policy = new AnnouncementPolicy { Probe = false, OnConflict = ConflictPolicy.Announce, DeadAfter = TimeSpan.FromSeconds(1) },
        },
    }.ToImmutableDictionary(rights => rights.Address));

    [Fact]
    public void What_is_kept_comes_back_after_a_restart_of_the_process()
    {
        Written();
        var read = new RightsFile(Path, "this-boot", _time).Read()!;
        Assert.Equal(2, read.Addresses.Count);
        foreach (var (address, rights) in Some.Addresses)
        {
            var back = read.Addresses[address];
            Assert.Equal(rights with { Eligible = default, Interfaces = default }, back with { Eligible = default, Interfaces = default });
            Assert.Equal(rights.Eligible.AsEnumerable(), back.Eligible.AsEnumerable());
            Assert.Equal(rights.Interfaces.AsEnumerable(), back.Interfaces.AsEnumerable());
        }
    }

    [Fact]
    public void It_is_forgotten_after_a_boot() => Assert.Null(Restarted(Written(), boot: "next-boot"));

    [Theory]
    [InlineData(59, true)]
    [InlineData(61, false)]
    [InlineData(-61, false)]
    public void It_is_forgotten_after_a_minute(int seconds, bool used)
    {
        Written();
        var later = new FakeTimeProvider(_time.GetUtcNow().AddSeconds(seconds));
        Assert.Equal(used, new RightsFile(Path, "this-boot", later).Read() is not null);
    }

    [Fact]
    public void Its_age_is_counted_from_when_it_last_was_true()
    {
        var file = Written();
        _time.Advance(TimeSpan.FromMinutes(10));
        file.Touch();
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(Restarted(file));
    }

    [Fact]
    public void A_damaged_file_is_told_and_not_used()
    {
        var file = Written();
        File.WriteAllText(Path, """{"bootId":"this-boot","addresses":[{"address":"nonsense"}]}""");
        File.SetLastWriteTimeUtc(Path, _time.GetUtcNow().UtcDateTime);
        Assert.Throws<IOException>(() => file.Read());
        File.WriteAllText(Path, "");
        File.SetLastWriteTimeUtc(Path, _time.GetUtcNow().UtcDateTime);
        Assert.Throws<IOException>(() => file.Read());
    }

    [Fact]
    public void No_file_is_no_rights() => Assert.Null(new RightsFile(Path, "this-boot", _time).Read());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private RightsFile Written()
    {
        var file = new RightsFile(Path, "this-boot", _time);
        file.Write(Some);
        file.Touch();
        return file;
    }

    private Rights? Restarted(RightsFile _, string boot = "this-boot") => new RightsFile(Path, boot, _time).Read();
}
