using PorterLB.Operator.Admission;
using PorterLB.Operator.Entities;

namespace PorterLB.Tests.Operator.Admission;

public sealed class EipWebhookTests
{
    private readonly Cached<V1Alpha2Eip> _others = new();
    private readonly Cached<ServiceView> _services = new();
    private readonly EipWebhook _webhook;

    public EipWebhookTests() =>
        _webhook = new(_others, new Cached<V1Alpha2LayerTwoConfig>(), new Cached<NamespaceView>(), new Cached<NodeView>(), new Cached<V1Alpha2Speaker>(), _services);

    [Fact]
    public void All_that_is_wrong_comes_at_once_each_with_its_field()
    {
        var eip = Eip("10.0.0.1-10.0.0.9");
        eip.Spec.Protocol = "bgp";
        eip.Spec.Interface = "lo";
        var result = _webhook.Create(eip, dryRun: false);

        Assert.False(result.Valid);
        Assert.Equal(["spec.interface", "spec.protocol"], result.Errors.Select(error => error.Field).Order());
        Assert.All(result.Errors, error => Assert.DoesNotContain(error.Field, error.Message));
    }

    [Fact]
    public void An_overlap_with_another_Eip_is_refused()
    {
        _others.All.Add(Eip("10.0.0.0/28", "other"));
        var error = Assert.Single(_webhook.Create(Eip("10.0.0.15-10.0.0.20"), dryRun: false).Errors);
        Assert.Equal("spec.address", error.Field);
        Assert.Contains("other", error.Message);
    }

    [Fact]
    public void What_was_wrong_before_does_not_keep_anybody_from_another_change()
    {
        var old = Eip("10.0.0.1");
        old.Spec.Protocol = "bgp";
        var changed = Eip("10.0.0.1");
        changed.Spec.Protocol = "bgp";
        changed.Spec.Disable = true;

        var result = _webhook.Update(old, changed, dryRun: false);
        Assert.True(result.Valid);
        Assert.Contains(result.Warnings, warning => warning.StartsWith("spec.protocol: ", StringComparison.Ordinal));

        changed.Spec.Interface = "lo";
        Assert.Equal("spec.interface", Assert.Single(_webhook.Update(old, changed, dryRun: false).Errors).Field);
    }

    [Fact]
    public void Narrowing_a_pool_under_a_Service_is_allowed_and_names_it()
    {
        var old = Eip("10.0.0.1-10.0.0.9");
        old.Status.Used = new Dictionary<string, string> { ["10.0.0.2"] = "shop/web;shop/api", ["10.0.0.8"] = "shop/db" };
        var result = _webhook.Update(old, Eip("10.0.0.5-10.0.0.9"), dryRun: false);

        Assert.True(result.Valid);
        var warning = Assert.Single(result.Warnings);
        Assert.Contains("10.0.0.2 in use by shop/api, shop/web", warning);
        Assert.DoesNotContain("shop/db", warning);
    }

    [Fact]
    public void Who_is_hit_by_an_edit_is_known_from_the_Services_and_not_only_from_the_thousand_that_the_status_lists()
    {
        for (var i = 0; i < 1_200; i++)
        {
            _services.All.Add(new ServiceView
            {
                Metadata = { Name = $"s{i}", NamespaceProperty = "shop" },
                Status = { LoadBalancer = new() { Ingress = [new() { Ip = $"10.0.{i / 250}.{i % 250}" }] } },
            });
        }

        Assert.Equal(
            ["Eip 'lan' no longer holds 10.0.4.199 in use by shop/s1199: they keep their addresses until they are released."],
            _webhook.Update(Eip("10.0.0.0-10.0.4.199"), Eip("10.0.0.0-10.0.4.198"), dryRun: false).Warnings);
        Assert.Contains("and 1195 more", Assert.Single(_webhook.Delete(Eip("10.0.0.0/16"), dryRun: false).Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Leaving_out_an_address_in_use_and_disabling_a_pool_in_use_name_who_keeps_it()
    {
        var old = Eip("10.0.0.0-10.0.0.9");
        old.Status.Used = new Dictionary<string, string> { ["10.0.0.0"] = "shop/web", ["10.0.0.8"] = "shop/db" };
        var excluding = Eip("10.0.0.0-10.0.0.9");
        excluding.Spec.Excludes = ["10.0.0.7-10.0.0.9"];
        excluding.Spec.AvoidBuggyIPs = true;
        Assert.Equal(
            ["Eip 'lan' leaves out 10.0.0.0, 10.0.0.8 in use by shop/db, shop/web: they keep their addresses until they are released."],
            _webhook.Update(old, excluding, dryRun: false).Warnings);
        excluding.Status = old.Status;
        Assert.Empty(_webhook.Update(excluding, excluding, dryRun: false).Warnings);

        var disabled = Eip("10.0.0.0-10.0.0.9");
        disabled.Spec.Disable = true;
        disabled.Status = old.Status;
        Assert.Equal(
            ["Eip 'lan' is disabled and in use by shop/db, shop/web: they keep their addresses until they are released, and nobody gets one."],
            _webhook.Update(old, disabled, dryRun: false).Warnings);
        Assert.Empty(_webhook.Update(disabled, disabled, dryRun: false).Warnings);
        Assert.Empty(_webhook.Update(disabled, old, dryRun: false).Warnings);
    }

    [Fact]
    public void Deleting_a_pool_in_use_warns_who_holds_it()
    {
        var eip = Eip("10.0.0.0/24");
        Assert.Empty(_webhook.Delete(eip, dryRun: false).Warnings);
        eip.Status.Used = Enumerable.Range(0, 7).ToDictionary(i => $"10.0.0.{i}", i => $"shop/s{i}");

        var result = _webhook.Delete(eip, dryRun: false);
        Assert.True(result.Valid);
        Assert.Contains("shop/s0, shop/s1, shop/s2, shop/s3, shop/s4 and 2 more", Assert.Single(result.Warnings));
    }

    private static V1Alpha2Eip Eip(string address, string name = "lan") =>
        new() { Metadata = { Name = name }, Spec = { Address = address } };
}
