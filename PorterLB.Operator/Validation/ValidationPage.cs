using System.Text;
using PorterLB.Operator.Services;

namespace PorterLB.Operator.Validation;

/// <summary>The reference page of all rules, with what a user sees when an example is applied.</summary>
internal static class ValidationPage
{
    public static string Text()
    {
        var page = new StringBuilder(
            """
            # What is checked

            Each of these is told at `kubectl apply`, by the webhooks, and by `porterlb validate -f FILE` without a cluster (as far as a file
            shows it). An error refuses the object, with all that is wrong at once; a warning is printed, and the object is stored. Services are never refused.
            Where webhooks are off, an Eip or LayerTwoConfig with an error is stored, does nothing, and says so in its condition `Ready`, in the same words.
            What is no address, duration, interface or protocol at all, and numbers and lists out of bounds, the API server refuses by the schema,
            in its own words and whether webhooks are up or not.
            An object that had an error before does not get stuck by it: an update that leaves the error as it is passes, with a warning.

            Every example here is applied to a real API server by a test, which compares what kubectl prints with this page.

            """);
        foreach (var (kind, rules) in Rules.ByKind)
        {
            page.Append($"\n## {kind}\n\n| rule | severity | what must hold, and why |\n| --- | --- | --- |\n");
            foreach (var rule in rules)
            {
                page.Append($"| [`{rule.Name}`](#{rule.Name}) | {$"{rule.Severity}".ToLowerInvariant()} | {rule.Holds} |\n");
            }

            foreach (var rule in rules)
            {
                page.Append($"\n### {rule.Name}\n\n{rule.Holds}\n");
                foreach (var example in rule.Examples)
                {
                    page.Append(Of(example));
                }
            }
        }

        return page.ToString();
    }

    /// <summary>What kubectl prints when the example is applied, without its line about success.</summary>
    public static string Says(Example example)
    {
        var check = new ManifestCheck(new Ownership(ManagerSettings.DefaultClass, IsDefault: false), whole: true);
        foreach (var given in ManifestDocument.Read("given", new StringReader(example.Given)))
        {
            check.Give(given);
        }

        var document = ManifestDocument.Read("example", new StringReader(example.Manifest))[0];
        if (example.BySchema.Length > 0)
        {
            return $"The {document.Kind} \"{document.Name}\" is invalid: {example.BySchema}";
        }

        var found = check.Judge(document, example.IsDelete);
        var warnings = found.Where(finding => !finding.IsError).Select(finding => $"Warning: {finding}");
        var errors = found.Where(finding => finding.IsError).Select(finding => $"{finding}").ToArray();
        var refusal = errors.Length switch
        {
            0 => [],
            1 => [$"The {document.Kind} \"{document.Name}\" is invalid: {errors[0]}"],
            _ => (IEnumerable<string>)[$"The {document.Kind} \"{document.Name}\" is invalid: ", .. errors.Select(error => $"* {error}")],
        };
        return string.Join('\n', warnings.Concat(refusal));
    }

    private static string Of(Example example) =>
        $"""

        ```yaml
        {(example.Given.Length > 0 ? $"# There already:\n{example.Given}\n---\n" : "")}# {(example.IsDelete ? "Deleted" : "Applied")}:
        {example.Manifest}
        ```

        ```text
        {Says(example)}
        ```

        """;
}
