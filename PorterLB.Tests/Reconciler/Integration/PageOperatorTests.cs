using System.Text.Json.Nodes;
using PageOperator;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Network;
using PorterLB.Lab.Processes;
using PorterLB.Reconciler.Generation;

namespace PorterLB.Tests.Reconciler.Integration;

/// <summary>
/// docs/samples/PageOperator, a whole operator in one file and in KubeOps' words: its manifests generated, the program run as its users
/// would, against a real API server.
/// </summary>
[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed class PageOperatorTests(ApiServerFixture server, ITestOutputHelper output)
{
    private const string Page = "/apis/example.com/v1/namespaces/default/pages/home";
    private const string Map = "/api/v1/namespaces/default/configmaps/page-home";
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_hundred_lines_make_an_operator_with_controller_finalizer_webhook_and_owned_objects()
    {
        await InstallAsync();
        using var program = server.Start(
            "page-operator",
            new Command(Path.Combine(AppContext.BaseDirectory, "page-operator"), []).With("KUBECONFIG", server.Plane.AdminKubeconfig));
        await UntilAsync("the operator to be ready", async () => await server.Plane.Host.GetAsync(8081, "/readyz", Cancel) is not null, program);

        var refused = await ApplyAsync("<b>Hello</b>");
        output.WriteLine(refused.Text);
        Assert.False(refused.Succeeded);
        Assert.Contains("spec.title holds a tag: write plain text.", refused.Text, StringComparison.Ordinal);
        Assert.Contains("spec.title", (await ApplyAsync("")).Text, StringComparison.Ordinal);

        var applied = await ApplyAsync("Hello");
        Assert.True(applied.Succeeded, applied.Text);
        await UntilAsync("the page", async () => await TextAsync() == "<h1>Hello</h1>", program);
        await UntilAsync("the status", async () => (string?)(await server.Plane.Api.GetAsync(Page, Cancel))?["status"]?["configMap"] == "page-home", program);
        Assert.Matches("NAME +CONFIGMAP\nhome +page-home", await server.Plane.Kubectl("get", "pages").RunAsync(Cancel));
        await UntilAsync("the Event", async () =>
            (await server.Plane.Api.GetAsync("/api/v1/namespaces/default/events?fieldSelector=involvedObject.kind=Page", Cancel))!["items"]!.AsArray()
                .Any(item => (string?)item!["reason"] == "Published"), program);

        await server.Plane.Api.MergeAsync(Map, JsonNode.Parse("""{"data":{"index.html":"defaced"}}""")!, Cancel);
        await UntilAsync("the page to be put right", async () => await TextAsync() == "<h1>Hello</h1>", program);
        Assert.True((await ApplyAsync("Good bye")).Succeeded);
        await UntilAsync("the new page", async () => await TextAsync() == "<h1>Good bye</h1>", program);

        await server.Plane.Api.DeleteAsync(Page, Cancel);
        await UntilAsync("the Page to go", async () => await server.Plane.Api.GetAsync(Page, Cancel) is null, program);
        Assert.Null(await server.Plane.Api.GetAsync(Map, Cancel));
        await program.StopAsync(TimeSpan.FromSeconds(20), Cancel);
        Assert.Equal(0, program.ExitCode);
    }

    private async Task InstallAsync()
    {
        var labels = new JsonObject();
        JsonObject[] manifests =
        [
            CustomResourceDefinition.Of([typeof(V1Page)], labels),
            WebhookManifests.Validating([typeof(V1PageValidation)], "page-operator", "page-operator", "default", labels),
            JsonNode.Parse("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"page-operator"},"spec":{"ports":[{"port":443,"targetPort":9443}]}}""")!.AsObject(),
            JsonNode.Parse(
                $$"""
                {"apiVersion":"v1","kind":"Endpoints","metadata":{"name":"page-operator"},
                 "subsets":[{"addresses":[{"ip":"{{server.Plane.Host.IPv4}}"}],"ports":[{"port":9443}]}]}
                """)!.AsObject(),
        ];
        await (server.Plane.Kubectl("apply", "-f", "-") with { Input = string.Join("---\n", manifests.Select(YamlWriter.Write)) }).RunAsync(Cancel);
        await server.Plane.Kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/pages.example.com").RunAsync(Cancel);
    }

    private Task<CommandResult> ApplyAsync(string title) => (server.Plane.Kubectl("apply", "-f", "-") with
    {
        Input = $$"""{"apiVersion":"example.com/v1","kind":"Page","metadata":{"name":"home","namespace":"default"},"spec":{"title":"{{title}}"} }""",
    }).TryRunAsync(Cancel);

    private async Task<string?> TextAsync() => (string?)(await server.Plane.Api.GetAsync(Map, Cancel))?["data"]?["index.html"];

    private static Task UntilAsync(string what, Func<Task<bool>> condition, LabProcess program) =>
        ControlPlane.WaitUntilAsync(what, condition, TimeSpan.FromSeconds(60), Cancel, program);
}
