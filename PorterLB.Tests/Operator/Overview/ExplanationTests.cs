using System.Net;
using Microsoft.Extensions.Time.Testing;
using PorterLB.Operator;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Overview;

namespace PorterLB.Tests.Operator.Overview;

public sealed class ExplanationTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 4, 3, 2, 1, TimeSpan.Zero));
    private readonly List<LeaseView> _leases = [];
    private readonly List<V1Alpha2Speaker> _speakers = [];

    public ExplanationTests()
    {
        _leases.Add(Lease("porterlb-manager"));
        foreach (var node in (string[])["node-a", "node-b"])
        {
            _leases.Add(Lease($"porterlb-{node}"));
            _speakers.Add(new V1Alpha2Speaker
            {
                Metadata = { Name = node },
                Status = { Interfaces = [new() { Name = "eth0", Up = true, Subnets = ["192.168.0.0/24"] }] },
            });
        }
    }

    [Fact]
    public void All_steps_are_good_for_an_address_that_is_answered_for()
    {
        Announce(0, "192.168.0.3");
        var steps = Explain(Service("192.168.0.3"));
        Assert.All(steps, step => Assert.True(step.IsGood, step.Text));
        Assert.Equal("192.168.0.3 is answered for by node node-a, interface eth0, 02:00:00:00:00:01, for 12m.", steps[^1].Text);
    }

    [Theory]
    [InlineData("NodePort", null, "is of type NodePort: only Services of type LoadBalancer get addresses.")]
    [InlineData("LoadBalancer", "example.com/other", "has spec.loadBalancerClass 'example.com/other', which is another load balancer's; PorterLB's is 'porterlb.io/layer2'.")]
    public void A_Service_that_is_not_ours_is_told_why(string type, string? @class, string said)
    {
        var service = Service();
        service.Spec.Type = type;
        service.Spec.LoadBalancerClass = @class;
        Assert.Equal($"Service 'default/web' {said}", Assert.Single(Explain(service)).Text);
    }

    [Fact]
    public void A_Service_without_an_address_is_told_in_the_words_of_the_manager()
    {
        var service = Service();
        service.Metadata.Annotations[Annotations.Eip] = "office";
        Assert.Contains(Explain(service), step => !step.IsGood && step.Text.StartsWith("Service 'default/web' names Eip 'office'", StringComparison.Ordinal));
    }

    [Fact]
    public void That_another_program_keeps_writing_the_addresses_is_told_as_the_manager_saw_it()
    {
        var service = Service("203.0.113.7");
        service.Status.Conditions = [ConditionKinds.Announced.For("False", "IngressOverwritten", "Another program keeps writing.")];
        Assert.Contains(Explain(service), step => !step.IsGood && step.Text == "Another program keeps writing.");
    }

    [Fact]
    public void Without_a_manager_that_is_what_is_told_first()
    {
        _leases.Clear();
        Assert.StartsWith("No manager leads", Explain(Service())[1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void When_no_node_may_answer_each_is_named_with_its_reason()
    {
        _leases.RemoveAll(lease => lease.Metadata.Name == "porterlb-node-b");
        var steps = Explain(Service("192.168.0.3"), node =>
        {
            if (node.Name == "node-a")
            {
                node.Metadata.Labels[Annotations.ExcludeLabel] = "";
            }
        });
        Assert.Matches("is not answered for, and no node may: node-a: has the label .*; node-b: has no living speaker", steps[^1].Text);
    }

    [Fact]
    public void A_machine_that_answers_too_is_named()
    {
        Announce(0, "192.168.0.3");
        _speakers[1].Status.Conflicts = [new() { Address = "192.168.0.3", Interface = "eth0", Mac = "02:00:00:00:00:99" }];
        Assert.Contains(Explain(Service("192.168.0.3")), step => !step.IsGood && step.Text.Contains("02:00:00:00:00:99", StringComparison.Ordinal));
    }

    [Fact]
    public void Two_nodes_that_answer_are_no_good()
    {
        Announce(0, "192.168.0.3");
        Announce(1, "192.168.0.3");
        Assert.Contains(Explain(Service("192.168.0.3")), step => step.Text.StartsWith("2 nodes answer for 192.168.0.3.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("192.168.0.9", "192.168.0.9 is in Eip 'lan', and free.")]
    [InlineData("10.9.9.9", "10.9.9.9 is in no Eip, and no Service has it.")]
    public void An_address_that_nobody_has_is_told_where_it_is(string address, string said) =>
        Assert.Equal(said, Explanation.OfFree(Picture(null, _ => { }), IPAddress.Parse(address)).Text);

    [Fact]
    public void The_status_lists_addresses_and_what_waits()
    {
        Announce(0, "192.168.0.3");
        var waiting = Service();
        waiting.Metadata.Name = "late";
        waiting.Metadata.Annotations[Annotations.Address] = "10.9.9.9";
        var report = StatusReport.Of(Picture([Service("192.168.0.3"), waiting], _ => { }), null);
        Assert.Equal(("192.168.0.3", "default/web", "lan", "node-a"), (report.Addresses[0].Address, report.Addresses[0].Service, report.Addresses[0].Eip, report.Addresses[0].Announcers[0].Node));
        Assert.Equal(("default/late", "AddressInNoPool"), (report.Waiting[0].Service, report.Waiting[0].Reason));
        Assert.True(report.HasProblems);

        var text = new StringWriter();
        report.Write(text, _time.GetUtcNow());
        Assert.Contains("192.168.0.3   default/web   lan   node-a   eth0        02:00:00:00:00:01   12m\n", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("\n! Service 'default/late' asks for 10.9.9.9, which is in no Eip.", text.ToString(), StringComparison.Ordinal);
        Assert.Empty(StatusReport.Of(Picture([waiting], _ => { }), "kube-system").Waiting);
    }

    private static ServiceView Service(string? address = null) => new()
    {
        Metadata =
        {
            Name = "web", NamespaceProperty = "default", Uid = "u", ResourceVersion = "7",
            Annotations = new Dictionary<string, string> { [Annotations.LoadBalancer] = "porterlb" },
        },
        Spec = { Type = "LoadBalancer", IpFamilies = ["IPv4"], Ports = [new() { Protocol = "TCP", Port = 80 }] },
        Status = { LoadBalancer = address is null ? null : new() { Ingress = [new() { Ip = address }] } },
    };

    private void Announce(int node, string address) =>
        _speakers[node].Status.Announced =
        [
            new() { Addresses = address, Interface = "eth0", Mac = $"02:00:00:00:00:0{node + 1}", Since = _time.GetUtcNow() - TimeSpan.FromMinutes(12) },
        ];

    private LeaseView Lease(string name) => new()
    {
        Metadata = { Name = name, NamespaceProperty = "porterlb-system", ResourceVersion = "1" },
        Spec = { HolderIdentity = "holder", RenewTime = _time.GetUtcNow().ToString("o") },
    };

    private Step[] Explain(ServiceView service, Action<NodeView>? change = null) =>
        [.. Explanation.Of(Picture([service], change ?? (_ => { })), service, [])];

    private ClusterPicture Picture(ServiceView[]? services, Action<NodeView> change)
    {
        NodeView[] nodes = [.. _speakers.Select(speaker => new NodeView { Metadata = { Name = speaker.Metadata.Name, Labels = new Dictionary<string, string>() } })];
        Array.ForEach(nodes, change);
        return new ClusterPicture(_time, _speakers, _leases)
        {
            Services = services ?? [],
            Nodes = nodes,
            Eips = [new V1Alpha2Eip { Metadata = { Name = "lan" }, Spec = { Address = "192.168.0.0/28" } }],
        };
    }
}
