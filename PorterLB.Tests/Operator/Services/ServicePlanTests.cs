using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PorterLB.Operator;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Tests.Operator.Services;

public sealed class ServicePlanTests
{
    private static readonly IPAddress V4 = IPAddress.Parse("192.168.0.91");
    private static readonly IPAddress V6 = IPAddress.Parse("fd00::91");

    internal static ServiceView Service(string? ingress = null, string? node = null, long? epoch = null, bool finalizer = false, string version = "100", params (string, string)[] annotations)
    {
        var all = annotations.ToDictionary(pair => pair.Item1, pair => pair.Item2);
        if (node is not null)
        {
            all[Annotations.Node] = node;
        }

        if (epoch is not null)
        {
            all[Annotations.Epoch] = $"{epoch}";
        }

        return new ServiceView
        {
            Metadata = new()
            {
                Name = "web",
                NamespaceProperty = "shop",
                Uid = "u1",
                ResourceVersion = version,
                Annotations = all,
                Finalizers = finalizer ? [Annotations.ServiceFinalizer] : null,
            },
            Spec = new() { Type = "LoadBalancer", IpFamilies = ["IPv4"], ExternalTrafficPolicy = "Cluster" },
            Status = new() { LoadBalancer = new() { Ingress = ingress?.Split(',').Select(ip => new ServiceViewIngress { Ip = ip, IpMode = "VIP" }).ToArray() } },
        };
    }

    private static AddressElection Elected(IPAddress address, string? node, Verdict verdict, string? before = null) => new(address, before, new Decision(node, verdict));

    private static Allocation Has(params IPAddress[] addresses) => new([.. addresses]) { Origins = [.. addresses.Select(_ => "lan")] };

    [Fact]
    public void A_new_address_is_one_write_of_finalizer_address_and_election()
    {
        var plan = ServicePlan.Of(Service(), Has(V4), [Elected(V4, "node-a", Verdict.New)], epoch: 100);
        Assert.True(plan.Differs);
        Assert.Equal(["AddressAssigned", "NodeElected"], plan.Events.Select(item => item.Reason));
        Assert.Equal(
            """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop","uid":"u1","resourceVersion":"100","finalizers":["finalizer.lb.kubesphere.io/v1alpha1"],"annotations":{"layer2.porterlb.io/epoch":"100","layer2.porterlb.io/node":"node-a","porterlb.io/eip":"lan"}},"status":{"loadBalancer":{"ingress":[{"ip":"192.168.0.91"}]}}}""",
            Encoding.UTF8.GetString(ServiceChange.Apply(Service(), plan, ipMode: false).Span));
        Assert.Contains("""{"ip":"192.168.0.91","ipMode":"VIP"}""", Encoding.UTF8.GetString(ServiceChange.Apply(Service(), plan, ipMode: true).Span), StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_is_written_and_nothing_said_when_all_is_as_it_should_be()
    {
        var service = Service("192.168.0.91", "node-a", 90, finalizer: true, annotations: (Annotations.Origin, "lan"));
        var plan = ServicePlan.Of(service, Has(V4), [Elected(V4, "node-a", Verdict.Stays, "node-a")], epoch: 90);
        Assert.False(plan.Differs);
        Assert.Empty(plan.Events);
    }

    [Theory]
    [InlineData(false, "node-a")]
    [InlineData(true, null)]
    [InlineData(true, "node-b")]
    public void What_a_user_removed_or_changed_is_put_back(bool finalizer, string? node)
    {
        var service = Service("192.168.0.91", node, node is null ? null : 90, finalizer, annotations: (Annotations.Origin, "lan"));
        Assert.True(ServicePlan.Of(service, Has(V4), [Elected(V4, "node-a", Verdict.Stays)], epoch: 90).Differs);
    }

    [Fact]
    public void A_refusal_costs_no_write_and_is_an_Event()
    {
        var plan = ServicePlan.Of(Service(), new Allocation([], new Refusal(RefusalReason.PoolExhausted, "full")), [], epoch: null);
        Assert.False(plan.Differs);
        Assert.Equal("AddressRefused full", string.Join(' ', plan.Events.Select(item => $"{item.Reason} {item.Message}")));
    }

    [Fact]
    public void The_loser_of_a_duplicate_gives_the_address_up_with_a_word()
    {
        var allocation = new Allocation([]) { Duplicates = [new Duplicate(V4, "bank/web")] };
        var plan = ServicePlan.Of(Service("192.168.0.91", "node-a", 90, finalizer: true), allocation, [], epoch: null);
        Assert.True(plan.Differs);
        Assert.Empty(plan.Ingress);
        Assert.StartsWith("192.168.0.91 belongs to Service 'bank/web'", plan.Events.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Addresses_on_different_nodes_are_named_one_by_one()
    {
        var plan = ServicePlan.Of(Service(), Has(V4, V6), [Elected(V4, "node-a", Verdict.New), Elected(V6, "node-b", Verdict.New)], epoch: 7);
        Assert.Equal("192.168.0.91=node-a,fd00::91=node-b", plan.Annotations[Annotations.Node]);
        var (nodes, epoch) = ElectionAnnotation.Read(Service("192.168.0.91,fd00::91", plan.Annotations[Annotations.Node], 7), [V4, V6]);
        Assert.Equal(7, epoch);
        Assert.Equal("node-b", nodes[V6]);
    }

    [Fact]
    public void An_epoch_above_the_Services_own_version_cannot_be_a_managers() =>
        Assert.Null(ElectionAnnotation.Read(Service("192.168.0.91", "node-a", 101, version: "100"), [V4]).Epoch);

    [Fact]
    public void A_release_takes_everything_of_ours_and_nothing_else()
    {
        var service = Service("192.168.0.91", "node-a", 90, finalizer: true);
        service.Metadata.Finalizers.Insert(0, "service.kubernetes.io/load-balancer-cleanup");
        Assert.Equal(
            """{"metadata":{"name":"web","namespace":"shop","uid":"u1","resourceVersion":"100","finalizers":["service.kubernetes.io/load-balancer-cleanup"],"annotations":{"layer2.porterlb.io/node":null,"layer2.porterlb.io/epoch":null,"porterlb.io/eip":null}},"status":{"loadBalancer":{"ingress":null}}}""",
            Encoding.UTF8.GetString(ServiceChange.Release(service, keepFinalizer: false, clearIngress: true).Span));
    }

    [Fact]
    public void A_release_takes_our_conditions_alone_and_the_marks_of_OpenELB_with_its_address()
    {
        var service = Service("192.168.0.91", "node-a", 90, finalizer: true);
        service.Metadata.Labels = new Dictionary<string, string> { ["app"] = "web", ["eip.openelb.kubesphere.io/v1alpha2"] = "lan" };
        service.Metadata.Annotations["layer2.openelb.kubesphere.io/v1alpha1"] = "node-a";
        service.Status = service.Status with
        {
            Conditions =
            [
                new Condition { Type = "example.com/Mesh", Status = "True", Reason = "Joined", Message = "m", LastTransitionTime = DateTimeOffset.UnixEpoch },
                new Condition { Type = "porterlb.io/Announced", Status = "True", Reason = "Announced", Message = "m", LastTransitionTime = DateTimeOffset.UnixEpoch },
                new Condition { Type = "porterlb.io/AddressAssigned", Status = "True", Reason = "PoolExhausted", Message = "m", LastTransitionTime = DateTimeOffset.UnixEpoch },
            ],
        };
        var patch = JsonNode.Parse(ServiceChange.Release(service, keepFinalizer: true, clearIngress: true).Span)!;
        Assert.Equal(["example.com/Mesh"], patch["status"]!["conditions"]!.AsArray().Select(condition => (string)condition!["type"]!));
        Assert.Equal("""{"eip.openelb.kubesphere.io/v1alpha2":null}""", patch["metadata"]!["labels"]!.ToJsonString());
        Assert.True(patch["metadata"]!["annotations"]!.AsObject().ContainsKey("layer2.openelb.kubesphere.io/v1alpha1"));
        Assert.False(patch["metadata"]!.AsObject().ContainsKey("finalizers"));
    }

    [Theory]
    [InlineData("LoadBalancer", null, null, false, false)]
    [InlineData("LoadBalancer", null, null, true, true)]
    [InlineData("LoadBalancer", null, "porter", false, true)]
    [InlineData("LoadBalancer", null, "openelb", false, true)]
    [InlineData("LoadBalancer", null, "porterlb", false, true)]
    [InlineData("LoadBalancer", null, "other", true, false)]
    [InlineData("LoadBalancer", "porterlb.io/layer2", null, false, true)]
    [InlineData("LoadBalancer", "metallb.io/x", "porterlb", true, false)]
    [InlineData("ClusterIP", null, "porterlb", true, false)]
    public void A_Service_is_ours_by_class_annotation_or_default_and_never_with_a_foreign_class(string type, string? @class, string? annotation, bool byDefault, bool ours)
    {
        var service = annotation is null ? Service() : Service(annotations: (Annotations.LoadBalancer, annotation));
        service.Spec.Type = type;
        service.Spec.LoadBalancerClass = @class;
        Assert.Equal(ours, new Ownership(ManagerSettings.DefaultClass, byDefault).Owns(service));
    }

    [Fact]
    public void A_request_is_read_from_annotations_of_both_spellings_and_from_the_spec()
    {
        var service = Service(annotations: [(Annotations.EipOfPorter, "lan"), (Annotations.AddressOfPorter, "192.168.0.91,fd00::91")]);
        service.Spec.LoadBalancerIP = "10.0.0.1";
        service.Spec.IpFamilies = null;
        service.Spec.ClusterIPs = ["fd96::1", "10.96.0.1"];
        var request = ServiceRequest.Of(service, null);
        Assert.Equal("lan", request.Pool);
        Assert.Equal([V4, V6], request.Requested);
        Assert.Equal([IpFamily.IPv6, IpFamily.IPv4], request.Families);
        Assert.Null(request.Invalid);
        Assert.Contains("two IPv4 addresses", ServiceRequest.Of(Service(annotations: (Annotations.Address, "1.2.3.4,1.2.3.5")), null).Invalid!.Message, StringComparison.Ordinal);
    }
}
