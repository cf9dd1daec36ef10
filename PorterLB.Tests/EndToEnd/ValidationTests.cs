using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using FluentValidation;
using PorterLB.Lab;
using PorterLB.Lab.Cluster;
using PorterLB.Lab.Lifetime;
using PorterLB.Operator.Validation;

namespace PorterLB.Tests.EndToEnd;

/// <summary>What the reference page promises, on a real API server with the real webhooks: the exact text that kubectl prints.</summary>
[Collection(WebhookCollection.Name)]
[Trait("Category", "EndToEnd")]
public sealed class ValidationTests(WebhookLab webhooks, ITestOutputHelper output)
{
    // kubectl's own, about an object that it did not create.
    private const string Chatter = "last-applied-configuration";
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    /// <summary>Asked for by a field that this server does not know, it is tried with the recorded objects of a newer one (RulesTests).</summary>
    private static readonly string[] NotOnThisServer = ["service-class"];

    private LightLab Lab => webhooks.Lab;

    [Fact]
    public async Task Every_example_of_the_reference_page_is_told_by_kubectl_in_the_very_words_of_the_page()
    {
        Assert.SkipWhen(Privileges.Lacking is not null, Privileges.Lacking ?? "");
        var examples = Rules.All.Where(rule => !NotOnThisServer.Contains(rule.Name))
            .SelectMany(rule => rule.Examples.Select((example, i) => (Rule: rule, Example: example, First: i == 0))).ToArray();
        var wrong = new ConcurrentQueue<string>();
        Assert.InRange(examples.Count(item => ByKubectl(item.Rule, item.Example, item.First)), 30, int.MaxValue);

        // Each rule by kubectl; further examples of what is refused by the same request without it, which is quicker.
        await Parallel.ForEachAsync(
            examples.Where(item => item.Example.Given.Length == 0),
            new ParallelOptions { MaxDegreeOfParallelism = 3, CancellationToken = Cancel },
            async (item, _) => await TryAsync(item.Rule, item.Example, ByKubectl(item.Rule, item.Example, item.First), wrong));

        foreach (var (rule, example, _) in examples.Where(item => item.Example.Given.Length > 0))
        {
            var given = ManifestDocument.Read("given", new StringReader(example.Given));
            foreach (var document in given)
            {
                await CreateAsync(document);
            }

            await TryAsync(rule, example, byKubectl: true, wrong);
            foreach (var document in given.Reverse())
            {
                await DeleteAsync(document);
            }
        }

        output.WriteLine($"{examples.Length - wrong.Count} mistakes were told as the page says.");
        Assert.True(wrong.IsEmpty, string.Join('\n', wrong));
    }

    private static bool ByKubectl(Rule rule, Example example, bool first) => first || rule.Severity == Severity.Warning || example.Given.Length > 0;

    private async Task TryAsync(Rule rule, Example example, bool byKubectl, ConcurrentQueue<string> wrong)
    {
        var expected = ValidationPage.Says(example);
        var said = "";
        try
        {
            // The manager sees what was given a moment later, and writes who has which address.
            await ControlPlane.WaitUntilAsync(
                $"{rule.Name} to be told",
                async () => (said = byKubectl ? await SaidAsync(example) : await RefusedAsync(example)) == expected,
                TimeSpan.FromSeconds(60),
                Cancel);
        }
        catch (LabException)
        {
            wrong.Enqueue($"{rule.Name}:\n  expected: {expected}\n  said:     {said}");
        }
    }

    private async Task<string> RefusedAsync(Example example)
    {
        var document = ManifestDocument.Read("example", new StringReader(example.Manifest)).Single();
        try
        {
            await Lab.ControlPlane.Api.CreateAsync($"{Where(document).Path}?dryRun=All", document.Json.DeepClone(), Cancel);
            return "";
        }
        catch (LabException exception)
        {
            var status = JsonNode.Parse(exception.Message[exception.Message.IndexOf('{', StringComparison.Ordinal)..])!;
            var causes = status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}: {cause["message"]}").ToArray();
            return $"The {document.Kind} \"{document.Name}\" is invalid: {(causes.Length == 1 ? causes[0] : "\n* " + string.Join("\n* ", causes))}";
        }
    }

    private async Task<string> SaidAsync(Example example)
    {
        string[] verb = example.IsDelete ? ["delete", "--wait=false"] : ["apply"];
        var result = await (Lab.ControlPlane.Kubectl([.. verb, "--dry-run=server", "-f", "-"]) with { Input = example.Manifest }).TryRunAsync(Cancel);
        return string.Join('\n', result.Error.Split('\n').Where(line => !line.Contains(Chatter, StringComparison.Ordinal))).Trim('\n');
    }

    private static (string Path, bool StatusApart) Where(ManifestDocument document) => document.Kind switch
    {
        "Service" => ($"/api/v1/namespaces/{document.Namespace}/services", false),
        "Node" => ("/api/v1/nodes", false),
        "Eip" => ("/apis/network.kubesphere.io/v1alpha2/eips", false),
        "LayerTwoConfig" => ("/apis/network.kubesphere.io/v1alpha2/layertwoconfigs", false),
        _ => ("/apis/network.kubesphere.io/v1alpha2/speakers", true),
    };

    // The status of Eips and Services is the manager's to write; a Speaker's is written here, for no speaker runs.
    private async Task CreateAsync(ManifestDocument document)
    {
        var (path, statusApart) = Where(document);
        await Lab.ControlPlane.Api.CreateAsync(path, document.Json.DeepClone(), Cancel);
        if (statusApart)
        {
            await Lab.ControlPlane.Api.MergeAsync($"{path}/{document.Name}/status", new JsonObject { ["status"] = document.Json["status"]!.DeepClone() }, Cancel);
        }
    }

    private async Task DeleteAsync(ManifestDocument document)
    {
        var path = $"{Where(document).Path}/{document.Name}";
        await Lab.ControlPlane.Api.DeleteAsync(path, Cancel);
        await ControlPlane.WaitUntilAsync($"{path} to go", async () => await Lab.ControlPlane.Api.GetAsync(path, Cancel) is null, TimeSpan.FromSeconds(60), Cancel);
    }
}
