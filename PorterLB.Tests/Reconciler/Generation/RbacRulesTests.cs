using System.Text.Json.Nodes;
using k8s.Models;
using PorterLB.Reconciler.Attributes;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Generation;

namespace PorterLB.Tests.Reconciler.Generation;

public sealed class RbacRulesTests
{
    private static readonly List<JsonObject> Objects = [.. RbacRules.Of(typeof(Access), "ours", new JsonObject())];

    [Fact]
    public void Equal_verbs_share_a_rule_and_everything_is_sorted() =>
        Assert.Equal(
            [
                """{"apiGroups":[""],"resources":["nodes","services"],"verbs":["get","list"]}""",
                """{"apiGroups":[""],"resources":["secrets"],"resourceNames":["mine"],"verbs":["get"]}""",
                """{"apiGroups":["example.com"],"resources":["things"],"verbs":["get","patch"]}""",
                """{"apiGroups":["example.com"],"resources":["things/status"],"verbs":["*"]}""",
            ],
            Rules("ClusterRole"));

    [Fact]
    public void What_is_namespaced_becomes_a_Role_in_the_operators_namespace()
    {
        Assert.Equal(["""{"apiGroups":["coordination.k8s.io"],"resources":["leases"],"verbs":["create"]}"""], Rules("Role"));
        Assert.Equal("ours", Of("Role")["metadata"]!["namespace"]!.GetValue<string>());
        Assert.Equal(
            """[{"kind":"ServiceAccount","name":"worker","namespace":"ours"}]""", Of("RoleBinding")["subjects"]!.ToJsonString());
    }

    private static JsonObject Of(string kind) => Objects.Single(found => found["kind"]!.GetValue<string>() == kind);

    private static IEnumerable<string> Rules(string kind) => ((JsonArray)Of(kind)["rules"]!).Select(rule => rule!.ToJsonString());

    [RbacComponent("worker")]
    [GenericRbac(Groups = [""], Resources = ["services"], Verbs = RbacVerb.List | RbacVerb.Get)]
    [GenericRbac(Groups = [""], Resources = ["nodes"], Verbs = RbacVerb.Get)]
    [GenericRbac(Groups = [""], Resources = ["nodes"], Verbs = RbacVerb.List)]
    [GenericRbac(Groups = [""], Resources = ["secrets"], ResourceNames = ["mine"], Verbs = RbacVerb.Get)]
    [EntityRbac(typeof(Thing), Verbs = RbacVerb.Get | RbacVerb.Patch)]
    [EntityRbac(typeof(Thing), Subresource = "status", Verbs = RbacVerb.All)]
    [GenericRbac(Scope = EntityScope.Namespaced, Groups = ["coordination.k8s.io"], Resources = ["leases"], Verbs = RbacVerb.Create)]
    private sealed class Access;

    [KubernetesEntity(Group = "example.com", ApiVersion = "v1", Kind = "Thing", PluralName = "things")]
    private sealed class Thing : CustomKubernetesEntity;
}
