using PorterLB.Reconciler.Health;

namespace PorterLB.Tests.Reconciler.Health;

public class HealthChecksTests
{
    private static readonly HealthCheck Good = new(HealthPage.Ready, "good", _ => HealthCheckResult.Healthy);
    private static readonly HealthCheck Bad = new(HealthPage.Ready, "bad", _ => HealthCheckResult.Unhealthy("no leader"));
    private static readonly HealthCheck Broken = new(HealthPage.Ready, "broken", _ => throw new InvalidOperationException("oops"));

    [Fact]
    public void With_no_check_there_is_a_ping() => Assert.Equal((200, "[+]ping ok\nhealthz check passed\n"), Ask("/healthz", verbose: true));

    [Fact]
    public void All_well_is_ok() => Assert.Equal((200, "ok"), Ask("/readyz", checks: Good));

    [Fact]
    public void One_that_fails_or_throws_makes_500_and_says_why() => Assert.Equal(
        (500, "[+]good ok\n[-]bad failed: no leader\n[-]broken failed: oops\nreadyz check failed\n"), Ask("/readyz", checks: [Good, Bad, Broken]));

    [Fact]
    public void One_can_be_left_out() => Assert.Equal((200, "ok"), Ask("/readyz", exclude: ["bad"], checks: [Good, Bad]));

    [Fact]
    public void Each_has_a_page_of_its_own()
    {
        Assert.Equal((200, "ok"), Ask("/readyz/good", checks: [Good, Bad]));
        Assert.Equal((500, "bad: no leader\n"), Ask("/readyz/bad", checks: [Good, Bad]));
        Assert.Null(Ask("/readyz/other", checks: Good));
        Assert.Null(Ask("/healthz/good", checks: Good));
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/livez")]
    [InlineData("/readyz/a/b")]
    public void There_are_no_other_pages(string path) => Assert.Null(Ask(path));

    private static (int, string)? Ask(string path, bool verbose = false, string[]? exclude = null, params HealthCheck[] checks) =>
        new HealthChecks(checks, services: null!).Answer(path, verbose, exclude ?? []);
}
