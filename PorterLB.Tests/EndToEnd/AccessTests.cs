using System.Text.Json.Nodes;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.EndToEnd;

/// <summary>
/// What the two ServiceAccounts of <c>config/rbac</c> may do, asked of a real API server's authorizer: every write to every resource
/// that the server knows, and the reads that would give something away.
/// </summary>
[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class AccessTests(ApiServerFixture server)
{
    private const string Own = "porterlb-system";
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly string[] Writes = ["create", "update", "patch", "delete", "deletecollection"];

    [Fact]
    public async Task The_manager_writes_what_it_must_and_no_Service() => Assert.Equal(
        [
            "create events",
            "create leases in its namespace",
            "create secrets in its namespace",
            "patch eips.network.kubesphere.io",
            "patch eips.network.kubesphere.io/status",
            "patch events",
            "patch layertwoconfigs.network.kubesphere.io/status",
            "patch services/status",
        ],
        await WritesOfAsync("porterlb-manager"));

    [Fact]
    public async Task A_speaker_writes_its_own_objects_and_Events_and_nothing_that_decides() => Assert.Equal(
        [
            "create events",
            "create leases in its namespace",
            "create speakers.network.kubesphere.io",
            "patch events",
            "patch leases in its namespace",
            "patch speakers.network.kubesphere.io",
            "patch speakers.network.kubesphere.io/status",
        ],
        await WritesOfAsync("porterlb-speaker"));

    [Theory]
    [InlineData("porterlb-manager", "update", "coordination.k8s.io", "leases", Own, "porterlb-manager", true)]
    [InlineData("porterlb-manager", "update", "coordination.k8s.io", "leases", Own, "porterlb-n1", false)]
    [InlineData("porterlb-manager", "get", "", "secrets", Own, "porterlb-speakers", true)]
    [InlineData("porterlb-manager", "update", "", "secrets", Own, "porterlb-webhook", true)]
    [InlineData("porterlb-manager", "get", "", "secrets", Own, "another", false)]
    [InlineData("porterlb-manager", "list", "", "secrets", Own, "", false)]
    [InlineData("porterlb-manager", "get", "", "secrets", "default", "porterlb-webhook", false)]
    [InlineData("porterlb-manager", "patch", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", "porterlb", true)]
    [InlineData("porterlb-manager", "patch", "admissionregistration.k8s.io", "validatingwebhookconfigurations", "", "another", false)]
    [InlineData("porterlb-manager", "list", "", "services", "default", "", true)]
    [InlineData("porterlb-manager", "list", "", "pods", "default", "", false)]
    [InlineData("porterlb-manager", "get", "", "configmaps", "default", "", false)]
    [InlineData("porterlb-speaker", "get", "", "secrets", Own, "porterlb-speakers", true)]
    [InlineData("porterlb-speaker", "get", "", "secrets", Own, "porterlb-webhook", false)]
    [InlineData("porterlb-speaker", "update", "", "secrets", Own, "porterlb-speakers", false)]
    [InlineData("porterlb-speaker", "get", "", "namespaces", "", "kube-system", true)]
    [InlineData("porterlb-speaker", "get", "", "namespaces", "", "default", false)]
    [InlineData("porterlb-speaker", "list", "network.kubesphere.io", "speakers", "", "", false)]
    [InlineData("porterlb-speaker", "list", "discovery.k8s.io", "endpointslices", "default", "", true)]
    [InlineData("porterlb-speaker", "list", "", "pods", "default", "", false)]
    public async Task Names_narrow_what_can_be_narrowed(string account, string verb, string group, string resource, string space, string name, bool allowed)
    {
        await InstallAsync();
        Assert.Equal(allowed, await MayAsync(account, verb, group, resource, space, name));
    }

    private static Task? _installed;

    private Task InstallAsync() => _installed ??= InstallOnceAsync();

    private async Task InstallOnceAsync()
    {
        foreach (var folder in (string[])["rbac", "crd"])
        {
            await server.Plane.Kubectl("apply", "-k", Path.Combine(House.Repository.Root, "config", folder)).RunAsync(Cancel);
        }

        await server.Plane.Kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/eips.network.kubesphere.io", "crd/speakers.network.kubesphere.io").RunAsync(Cancel);
    }

    private async Task<IReadOnlyList<string>> WritesOfAsync(string account)
    {
        await InstallAsync();
        var all = await ResourcesAsync();
        Assert.Contains(("", "services/status"), all);
        var allowed = new List<string>();
        foreach (var verb in Writes)
        {
            foreach (var (group, resource) in all)
            {
                var name = group.Length == 0 || !resource.Contains('/', StringComparison.Ordinal) && !group.Contains("kubesphere", StringComparison.Ordinal)
                    ? resource
                    : $"{resource.Split('/')[0]}.{group}{(resource.Contains('/', StringComparison.Ordinal) ? "/" + resource.Split('/')[1] : "")}";
                if (await MayAsync(account, verb, group, resource, "default", ""))
                {
                    allowed.Add($"{verb} {name}");
                }
                else if (await MayAsync(account, verb, group, resource, Own, ""))
                {
                    allowed.Add($"{verb} {name} in its namespace");
                }
            }
        }

        return [.. allowed.Order(StringComparer.Ordinal)];
    }

    private async Task<IReadOnlyList<(string Group, string Resource)>> ResourcesAsync()
    {
        var groups = (await server.Plane.Api.GetAsync("/apis", Cancel))!["groups"]!.AsArray()
            .Select(group => ((string)group!["name"]!, $"/apis/{group["preferredVersion"]!["groupVersion"]}"))
            .Prepend(("", "/api/v1"));
        var all = new List<(string, string)>();
        foreach (var (group, path) in groups)
        {
            var resources = (await server.Plane.Api.GetAsync(path, Cancel))!["resources"]!.AsArray();

            // What anybody may ask is no right of ours: reviews of one's own rights.
            all.AddRange(resources.Select(resource => (group, (string)resource!["name"]!)).Where(each => !each.Item2.StartsWith("selfsubject", StringComparison.Ordinal)));
        }

        return all;
    }

    private async Task<bool> MayAsync(string account, string verb, string group, string resource, string space, string name)
    {
        var parts = resource.Split('/');
        var review = await server.Plane.Api.CreateAsync(
            "/apis/authorization.k8s.io/v1/subjectaccessreviews",
            new JsonObject
            {
                ["apiVersion"] = "authorization.k8s.io/v1",
                ["kind"] = "SubjectAccessReview",
                ["spec"] = new JsonObject
                {
                    ["user"] = $"system:serviceaccount:{Own}:{account}",
                    ["groups"] = new JsonArray("system:serviceaccounts", $"system:serviceaccounts:{Own}", "system:authenticated"),
                    ["resourceAttributes"] = new JsonObject
                    {
                        ["verb"] = verb,
                        ["group"] = group,
                        ["resource"] = parts[0],
                        ["subresource"] = parts.Length > 1 ? parts[1] : "",
                        ["namespace"] = space,
                        ["name"] = name,
                    },
                },
            },
            Cancel);
        return (bool?)review["status"]!["allowed"] ?? false;
    }
}
