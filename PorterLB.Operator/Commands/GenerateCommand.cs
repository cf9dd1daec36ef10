using System.CommandLine;
using PorterLB.Operator.Manifests;
using PorterLB.Reconciler.Generation;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb generate</c>: writes <c>config/</c> from the C# types and their attributes.</summary>
internal static class GenerateCommand
{
    public static Command Create()
    {
        var output = new Option<string>("--output") { Description = "The folder to write to.", DefaultValueFactory = _ => "config" };
        var check = new Option<bool>("--check") { Description = "Write nothing; fail when a file is not as it would be written." };
        var reference = new Option<string>("--reference") { Description = "Also write the reference page of the API, to this file." };
        var command = new Command("generate", "Write the Kubernetes manifests from the C# types.") { output, reference, check };
        command.SetAction(result => Run(
            result.GetValue(output)!,
            result.GetValue(reference),
            result.GetValue(check),
            result.InvocationConfiguration.Output,
            result.InvocationConfiguration.Error));
        return command;
    }

    private static int Run(string output, string? reference, bool check, TextWriter @out, TextWriter error)
    {
        if (!ManifestGeneration.IsSupported)
        {
            error.WriteLine("This is the ahead-of-time build, which has no reflection to read the C# types with: run 'make manifests', which uses a build that has.");
            return 1;
        }

        List<(string Folder, GeneratedFiles Files)> all = [(output, OperatorManifests.Config())];
        if (reference is not null)
            all.Add((Path.GetDirectoryName(Path.GetFullPath(reference))!, OperatorManifests.Reference(Path.GetFileName(reference))));

        if (check)
        {
            var differences = all.SelectMany(part => part.Files.Differences(part.Folder)).ToList();
            foreach (var difference in differences)
                error.WriteLine($"{difference}: run 'make manifests' and commit what it writes.");
            return differences.Count > 0 ? 1 : 0;
        }

        try
        {
            @out.WriteLine($"{all.Sum(part => part.Files.Write(part.Folder))} files written or deleted, the others were up to date.");
            return 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            error.WriteLine(exception.Message);
            return 1;
        }
    }
}
