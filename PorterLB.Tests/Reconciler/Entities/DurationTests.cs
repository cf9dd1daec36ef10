using CsCheck;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Reconciler.Entities;

public sealed class DurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("100ms", 100)]
    [InlineData("1.5s", 1_500)]
    [InlineData("1m30s", 90_000)]
    [InlineData("1h", 3_600_000)]
    public void What_users_write_is_read(string text, long milliseconds)
    {
        Assert.True(Duration.TryParse(text, out var duration));
        Assert.Equal(Duration.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("ms")]
    [InlineData("-1s")]
    [InlineData("1.s")]
    [InlineData(".5s")]
    [InlineData("1s ")]
    [InlineData("1..5s")]
    [InlineData("1us")]
    [InlineData("999999999999h")]
    [InlineData("600h")]
    public void What_is_no_duration_is_refused(string? text) => Assert.False(Duration.TryParse(text, out _));

    [Fact]
    public void Every_duration_is_read_back_from_its_own_text() =>
        Gen.Long[0, int.MaxValue].Sample(milliseconds =>
        {
            var duration = Duration.FromMilliseconds(milliseconds);
            return Duration.TryParse(duration.ToString(), out var again) && again == duration;
        });
}
