using System.Text;
using PorterLB.Operator.Entities;

namespace PorterLB.Tests.Operator.Entities;

public class ServerFeaturesTests
{
    [Theory]
    [InlineData("""{"major":"1","minor":"20","gitVersion":"v1.20.2"}""", 20, 2)]
    [InlineData("""{"major":"1","minor":"20+","gitVersion":"v1.20.15-gke.300"}""", 20, 15)]
    [InlineData("""{"major":"1","minor":"36","gitVersion":"v1.36.2"}""", 36, 2)]
    [InlineData("""{"minor":"29","gitVersion":"v1.29.0+k3s1"}""", 29, 0)]
    [InlineData("""{"paths":[]}""", 0, 0)]
    [InlineData("""["no version"]""", 0, 0)]
    public void A_version_is_read_as_any_provider_writes_it(string json, int minor, int patch) =>
        Assert.Equal(new KubernetesVersion(minor, patch), KubernetesVersion.Read(Encoding.UTF8.GetBytes(json)));

    [Theory]
    [InlineData(20, 9, true)]
    [InlineData(20, 10, false)]
    [InlineData(21, 0, false)]
    [InlineData(0, 0, false)]
    public void Only_a_server_that_forgets_watches_of_Services_is_checked_for_it(int minor, int patch, bool isChecked) =>
        Assert.Equal(isChecked, new ServerFeatures(new(minor, patch)).ServiceSilenceCheck is not null);

    [Fact]
    public void What_a_server_can_changes_when_it_is_upgraded_under_us()
    {
        var features = new ServerFeatures(new(29, 1));
        Assert.False(features.IpMode);
        features.Version = new(30, 0);
        Assert.True(features.IpMode);
    }
}
