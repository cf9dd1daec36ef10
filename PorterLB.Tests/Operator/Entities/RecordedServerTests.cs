using System.Collections.Immutable;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using PorterLB.Operator;
using PorterLB.Operator.Addresses;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Entities;
using PorterLB.Tests.House;

namespace PorterLB.Tests.Operator.Entities;

/// <summary>What the lab's server of 1.20 cannot show, against what a server of 1.36 answered (recorded in the folder beside this file).</summary>
public sealed class RecordedServerTests
{
    private static readonly IPAddress Address = IPAddress.Parse("10.99.0.100");

    private static byte[] Recorded(string file) =>
        File.ReadAllBytes(Path.Combine(Repository.Root, "PorterLB.Tests", "Operator", "Entities", "kubernetes-1.36", file));

    private static ServiceView Service(string name)
    {
        var item = JsonNode.Parse(Recorded("services.json"))!["items"]!.AsArray().First(item => (string?)item!["metadata"]!["name"] == name);
        return ServiceView.Type.Transform!(item.Deserialize(OperatorJsonContext.Default.ServiceView)!);
    }

    private static ServicePlan Plan(ServiceView service) => ServicePlan.Of(
        service,
        new Allocation([Address]) { Origins = ["lan"], IsSatisfied = true },
        [new AddressElection(Address, "n1", new Decision("n1", Verdict.Stays))],
        epoch: 7);

    [Fact]
    public void Its_version_has_ipMode_and_one_of_1_29_has_not()
    {
        var version = KubernetesVersion.Read(Recorded("version.json"));
        Assert.Equal(36, version.Minor);
        Assert.True(new ServerFeatures(version).IpMode);
        Assert.False(new ServerFeatures(new KubernetesVersion(29, 4)).IpMode);
    }

    [Fact]
    public void A_Service_of_our_class_is_ours_and_one_with_neither_class_nor_annotation_is_not()
    {
        var ownership = new Ownership(ManagerSettings.DefaultClass, IsDefault: false);
        Assert.True(ownership.Owns(Service("classed")));
        Assert.False(ownership.Owns(Service("plain")));
        Assert.False(ownership.Owns(Service("kubernetes")));
        Assert.False(new Ownership("example.com/other", IsDefault: true).Owns(Service("classed")));
    }

    [Fact]
    public void The_ipMode_that_the_server_wrote_is_no_difference()
    {
        var service = Service("classed");
        Assert.Equal([Address], ServiceRequest.AddressesOf(service));
        service.Metadata.Finalizers = [Annotations.ServiceFinalizer];
        service.Metadata.Annotations = new Dictionary<string, string> { [Annotations.Node] = "n1", [Annotations.Epoch] = "7", [Annotations.Origin] = "lan" };
        Assert.False(Plan(service).Differs);
    }

    [Fact]
    public void What_is_written_says_VIP_and_nothing_of_the_spec()
    {
        var patch = JsonNode.Parse(ServiceChange.Apply(Service("classed"), Plan(Service("classed")), ipMode: true).Span)!;
        Assert.Equal("""[{"ip":"10.99.0.100","ipMode":"VIP"}]""", patch["status"]!["loadBalancer"]!["ingress"]!.ToJsonString());
        Assert.Null(patch["spec"]);
        Assert.Equal("305a59db-8efc-436c-ad5e-c354d9bf4dec", (string?)patch["metadata"]!["uid"]);
        Assert.Equal("220", (string?)patch["metadata"]!["resourceVersion"]);
    }

    [Fact]
    public void A_condition_is_read_back_as_it_was_written()
    {
        var standing = (Service("classed").Status.Conditions ?? []).Find(ConditionKinds.Announced.Type)!;
        Assert.Equal(Condition.True, standing.Status);
        var patch = Encoding.UTF8.GetString(ServiceChange.Apply(Service("classed"), [standing]).Span);
        Assert.Contains($"\"lastTransitionTime\":\"{standing.LastTransitionTime.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}\"", patch, StringComparison.Ordinal);
    }

    [Fact]
    public void The_request_is_read_with_ports_of_both_protocols_and_policy_Local()
    {
        var request = ServiceRequest.Of(Service("classed"), null);
        Assert.Equal([IpFamily.IPv4], request.Families);
        Assert.Equal(FamilyPolicy.SingleStack, request.FamilyPolicy);
        Assert.Equal(["TCP 80", "UDP 9000"], request.Sharing.Ports.Select(port => port.ToString()));
        Assert.True(request.Sharing.LocalTraffic);
    }

    [Fact]
    public void Endpoints_of_discovery_v1_name_their_node()
    {
        var slices = JsonNode.Parse(Recorded("endpointslices.json"))!["items"]!.AsArray()
            .Select(item => EndpointsView.SliceV1.Transform!(item.Deserialize(OperatorJsonContext.Default.EndpointsView)!))
            .ToImmutableArray();
        Assert.Contains(slices, slice => slice.Service?.Name == "plain" && slice.Places.Any(place => place.NodeName is not null));
    }

    [Fact]
    public void A_Node_is_read_with_its_taints_and_without_its_heartbeats()
    {
        var nodes = JsonNode.Parse(Recorded("nodes.json"))!["items"]!.AsArray()
            .Select(item => NodeView.Type.Transform!(item.Deserialize(OperatorJsonContext.Default.NodeView)!))
            .ToList();
        var node = nodes.Single(node => node.Name == "n1");
        Assert.Equal(["node.kubernetes.io/not-ready"], node.Spec.Taints!.Select(taint => taint.Key));
        Assert.Contains(node.Status.Addresses!, address => address.Address == "10.99.0.11");
        Assert.False(node.NetworkUnavailable);
        Assert.Null(node.Metadata.ManagedFields);
        Assert.DoesNotContain(node.Status.Conditions!, condition => condition.Type == "Ready");
    }
}
