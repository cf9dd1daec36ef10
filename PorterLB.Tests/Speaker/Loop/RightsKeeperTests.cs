using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Speaker;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Wire;

namespace PorterLB.Tests.Speaker.Loop;

public sealed class RightsKeeperTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("porterlb-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private readonly RightsFile _file;
    private readonly RightsKeeper _keeper;

    public RightsKeeperTests()
    {
        _time.SetUtcNow(TimeProvider.System.GetUtcNow());
        _file = new RightsFile(Path, "boot", _time);
        _keeper = new RightsKeeper(_file, new MachineClock(_time), NullLogger.Instance);
    }

    private string Path => System.IO.Path.Combine(_folder, "rights.json");

    private string Kept => string.Join(' ', (_file.Read()?.Addresses.Keys ?? []).Order(Comparer<IPAddress>.Create((a, b) => string.CompareOrdinal($"{a}", $"{b}"))));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_end_writes_what_was_not_due_yet()
    {
        _keeper.Change(Of("10.0.0.1"));
        _keeper.RunDue();
        _keeper.Change(Of("10.0.0.1", "10.0.0.2"));
        _keeper.RunDue();
        _keeper.Save();
        Assert.Equal("10.0.0.1 10.0.0.2", Kept);
    }

    [Fact]
    public async Task A_disk_that_hangs_holds_up_nobody_and_has_the_latest_rights_when_it_goes_on()
    {
        // Nobody reads from this pipe: whoever opens it to write waits.
        using (var made = Process.Start("mkfifo", [$"{Path}.new"]))
        {
            await made.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        _keeper.Change(Of("10.0.0.1"));
        _keeper.RunDue();
        _time.Advance(TimeSpan.FromSeconds(5));
        _keeper.Change(Of("10.0.0.2"));
        _keeper.RunDue();
        Assert.True(_keeper.NextDeadline > TimeSpan.FromSeconds(5), "it is looked at again later, not at once");

        Assert.Contains("10.0.0.1", await File.ReadAllTextAsync($"{Path}.new", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        _keeper.Save();
        Assert.Equal("10.0.0.2", Kept);
    }

    private static Rights Of(params string[] addresses) => new(addresses.Select(address => new AddressRights
    {
        Address = IPAddress.Parse(address),
        Epoch = 1,
        Elected = "a",
        Eligible = ["a"],
    }).ToImmutableDictionary(rights => rights.Address));
}
