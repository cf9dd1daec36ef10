using System.CommandLine;
using PorterLB.Operator.Overview;
using PorterLB.Operator.Services;
using PorterLB.Operator.Validation;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb validate</c>: the webhooks' own rules, on files, without a cluster.</summary>
internal static class ValidateCommand
{
    private const string StandardInput = "-";

    public static Command Create()
    {
        var options = new UserOptions();
        var files = new Option<string[]>("--filename", "-f")
        {
            Description = "A file of YAML or JSON, a folder of them (with all below it), or - for standard input. May be given several times.",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var strict = new Option<bool>("--strict") { Description = "End with exit code 1 for warnings, too." };
        var output = UserOptions.Output();
        var command = new Command("validate", "Check manifests as kubectl apply would, by the same rules, without a cluster.") { files, strict, output };
        foreach (var option in options.Ownership)
        {
            command.Add(option);
        }

        command.SetAction((result, _) => Running.GuardAsync(
            "porterlb validate",
            result.InvocationConfiguration.Error,
            () => Task.FromResult(Run(result, result.GetRequiredValue(files), result.GetValue(strict), result.GetValue(output) == UserOptions.Json, options.OwnershipOf(result)))));
        return command;
    }

    private static int Run(ParseResult result, string[] files, bool strict, bool json, Ownership ownership)
    {
        var output = result.InvocationConfiguration.Output;
        var documents = new List<ManifestDocument>();
        var unreadable = 0;
        foreach (var file in files.SelectMany(Expand))
        {
            try
            {
                using var text = file == StandardInput ? Console.In : new StreamReader(file);
                documents.AddRange(ManifestDocument.Read(file, text));
            }
            catch (FormatException exception)
            {
                unreadable++;
                (json ? result.InvocationConfiguration.Error : output).WriteLine(exception.Message);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException($"{file} cannot be read: {exception.Message}", exception);
            }
        }

        var check = new ManifestCheck(ownership);
        var found = check.Check(documents).ToArray();
        if (json)
        {
            UserOptions.Print(
                output,
                [
                    .. found.Select(item => new ValidationReport(
                        item.Document.File, item.Line, item.Object, item.Finding.IsError ? "error" : "warning", item.Finding.Rule.Name, item.Finding.Field, item.Finding.Message)),
                ],
                OverviewJsonContext.Default.IReadOnlyListValidationReport);
        }
        else
        {
            foreach (var item in found)
            {
                output.WriteLine($"{item.Document.File}:{item.Line}: {(item.Finding.IsError ? "error" : "warning")}: {item.Object}: {item.Finding}");
            }

            var errors = found.Count(item => item.Finding.IsError) + unreadable;
            output.WriteLine(
                $"{Count(check.Checked, "object")} checked{(check.Others > 0 ? $", {check.Others} of other kinds passed over" : "")}: "
                + (found.Length + unreadable == 0 ? "nothing found." : $"{Count(errors, "error")}, {Count(found.Length + unreadable - errors, "warning")}."));
        }

        return unreadable > 0 || found.Any(item => item.Finding.IsError || strict) ? 1 : 0;
    }

    private static string Count(int count, string what) => $"{count} {what}{(count == 1 ? "" : "s")}";

    private static IEnumerable<string> Expand(string path) =>
        path == StandardInput || File.Exists(path) ? [path]
        : Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetExtension(file) is ".yaml" or ".yml" or ".json" && Path.GetFileName(file) is not ("kustomization.yaml" or "kustomization.yml"))
            .Order(StringComparer.Ordinal)
        : throw new OperatorException($"There is no file or folder '{path}'. Name one with -f, or - for standard input.");
}
