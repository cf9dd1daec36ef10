using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using PorterLB.Lab;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Generation;
using PorterLB.Tests.Reconciler.Integration;

namespace PorterLB.Tests.EndToEnd;

/// <summary>
/// Every bound that the generated schemas say, tried on a real API server, with no webhook up: for each an object that is right in all
/// but that, and a refusal that names the field.
/// </summary>
[Collection(ApiServerDefinition.Name)]
[Trait("Category", "EndToEnd")]
public sealed partial class SchemaBoundsTests(ApiServerFixture server, ITestOutputHelper output)
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(typeof(V1Alpha2Eip), "eips", 70)]
    [InlineData(typeof(V1Alpha2LayerTwoConfig), "layertwoconfigs", 120)]
    [InlineData(typeof(V1Alpha2Speaker), "speakers", 70)]
    public async Task Each_bound_of_the_schema_refuses_its_mistake_and_names_the_field(Type entity, string plural, int atLeast)
    {
        await InstallAsync();
        var definition = JsonNode.Parse(CustomResourceDefinition.Of([entity], []).ToJsonString())!;
        var schema = definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!.AsObject();
        var path = $"/apis/network.kubesphere.io/v1alpha2/{plural}";
        var right = new JsonObject
        {
            ["apiVersion"] = "network.kubesphere.io/v1alpha2",
            ["kind"] = (string)definition["spec"]!["names"]!["kind"]!,
            ["metadata"] = new JsonObject { ["name"] = "bounds" },
        };
        if (schema["spec"] is JsonObject spec)
        {
            right["spec"] = SchemaMistakes.Right(spec);
        }

        var stored = await server.Plane.Api.CreateAsync(path, right, Cancel);
        var refused = 0;
        foreach (var part in (string[])["spec", "status"])
        {
            if (schema[part] is not JsonObject of)
            {
                continue;
            }

            var url = part == "status" ? $"{path}/bounds/status?dryRun=All" : $"{path}/bounds?dryRun=All";
            var whole = stored.DeepClone().AsObject();
            whole[part] = SchemaMistakes.Right(of);
            await server.Plane.Api.ReplaceAsync(url, whole, Cancel);
            // A server does not look for doubles in a status: list types say there how two writers are merged, no more.
            foreach (var mistake in SchemaMistakes.Of(of).Where(mistake => part == "spec" || mistake.Bound != "list-type"))
            {
                whole[part] = mistake.Apply(SchemaMistakes.Right(of));
                var exception = await Record.ExceptionAsync(() => server.Plane.Api.ReplaceAsync(url, whole, Cancel));
                Assert.True(exception is LabException, $"{plural} {part}{mistake}: accepted");

                // Servers leave the index out, most of the time.
                Assert.True(
                    exception.Message.Contains("with 422", StringComparison.Ordinal)
                    && Index().Replace(exception.Message, "").Contains(Index().Replace($"{part}{mistake.Field}", ""), StringComparison.Ordinal),
                    $"{plural} {part}{mistake}: {exception.Message}");
                refused++;
            }
        }

        output.WriteLine($"{refused} mistakes in {plural} were refused.");
        Assert.True(refused >= atLeast, $"only {refused}");
    }

    [Theory]
    [InlineData("""{"address":"192.168.0.91-192.168.0.104"}""")]
    [InlineData("""{"address":"192.168.0.91 - 192.168.0.104","protocol":"layer2","interface":"eth0","disable":false}""")]
    [InlineData("""{"address":"192.168.0.0/28","protocol":"layer2","interface":"can_reach:192.168.0.1","usingKnownIPs":true}""")]
    [InlineData("""{"addresses":["10.0.0.1","fd00::/64","2001:db8::1-2001:db8::ff","::ffff:10.0.0.1"]}""")]
    [InlineData("""{"address":"10.0.0.0/255.255.255.0"}""")]
    [InlineData("""{"address":"10.0.0.0/28","protocol":"bgp"}""")]
    [InlineData("""{"address":"192.168.0.91-104"}""")]
    public async Task What_people_wrote_for_OpenELB_and_what_the_webhook_has_better_words_for_passes_the_schema(string spec)
    {
        await InstallAsync();
        var eip = new JsonObject { ["metadata"] = new JsonObject { ["name"] = "right" }, ["spec"] = JsonNode.Parse(spec) };
        eip["apiVersion"] = "network.kubesphere.io/v1alpha2";
        eip["kind"] = "Eip";
        await server.Plane.Api.CreateAsync("/apis/network.kubesphere.io/v1alpha2/eips?dryRun=All", eip, Cancel);
    }

    [GeneratedRegex(@"\[\d+\]", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Index();

    // One server for all of them, and the tests of a class run one after the other.
    private static Task? _installed;

    private Task InstallAsync() => _installed ??= InstallOnceAsync();

    private async Task InstallOnceAsync()
    {
        await server.Plane.Kubectl("apply", "-k", Path.Combine(House.Repository.Root, "config", "crd")).RunAsync(Cancel);
        await server.Plane.Kubectl("wait", "--for=condition=Established", "--timeout=60s", "crd/eips.network.kubesphere.io", "crd/layertwoconfigs.network.kubesphere.io", "crd/speakers.network.kubesphere.io").RunAsync(Cancel);
    }
}
