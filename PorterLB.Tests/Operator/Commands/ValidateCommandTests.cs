using System.CommandLine;
using PorterLB.Operator.Commands;

namespace PorterLB.Tests.Operator.Commands;

public sealed class ValidateCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plb-validate-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("address: 10.0.0.0/28", 0, 0, "1 object checked: nothing found.")]
    [InlineData("address: 10.0.0.7/28", 0, 1, "1 object checked: 0 errors, 1 warning.")]
    [InlineData("address: 10.0.0.0/28, interface: lo", 1, 1, "1 object checked: 1 error, 0 warnings.")]
    public void It_ends_with_1_for_errors_and_where_strict_for_warnings_too(string spec, int code, int strict, string last)
    {
        File.WriteAllText(Path.Combine(_folder, "eip.yaml"), $"apiVersion: network.kubesphere.io/v1alpha2\nkind: Eip\nmetadata: {{name: lan}}\nspec: {{{spec}}}\n");
        Assert.Equal((code, last), Run("-f", _folder));
        Assert.Equal((strict, last), Run("-f", _folder, "--strict"));
    }

    private static (int Code, string Last) Run(params string[] arguments)
    {
        using var output = new StringWriter();
        var code = ValidateCommand.Create().Parse(arguments).Invoke(new InvocationConfiguration { Output = output, Error = output });
        return (code, output.ToString().TrimEnd().Split('\n')[^1]);
    }
}
