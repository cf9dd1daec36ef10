using System.Text.RegularExpressions;

namespace PorterLB.Tests.House;

/// <summary>docs/reference/scenarios.md names a test for each scenario; each of them exists.</summary>
public sealed partial class ScenarioMapTests
{
    private static readonly string[] Rows =
    [
        .. File.ReadAllLines(Path.Combine(Repository.Root, "docs", "reference", "scenarios.md"))
            .Where(line => line.StartsWith('|') && !line.StartsWith("| ---", StringComparison.Ordinal) && !line.EndsWith("| test |", StringComparison.Ordinal)),
    ];

    [Fact]
    public void Every_scenario_has_a_test_and_every_test_that_is_named_exists()
    {
        var tests = typeof(ScenarioMapTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttributes(typeof(FactAttribute), inherit: true).Length > 0).Select(method => $"{type.Name}.{method.Name}"))
            .ToHashSet(StringComparer.Ordinal);
        Assert.True(Rows.Length > 50, "the page has lost its tables");
        Assert.All(Rows, row =>
        {
            var named = NamedTest().Matches(row.Split('|')[^2]).Select(match => match.Groups["name"].Value).ToArray();
            Assert.NotEmpty(named);
            Assert.All(named, name => Assert.Contains(name, tests));
        });
    }

    [GeneratedRegex("`(?<name>[A-Za-z]+Tests\\.[A-Za-z0-9_]+)`", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NamedTest();
}
