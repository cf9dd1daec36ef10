using System.Text.RegularExpressions;

namespace PorterLB.Tests.House;

/// <summary>
/// Time comes from TimeProvider and randomness is handed in, so that a whole cluster of speakers runs in a test without a clock.
/// The analyzer (BannedSymbols.txt) refuses the calls while compiling; this test refuses switching the analyzer off.
/// </summary>
public partial class ClockAndChanceTests
{
    /// <summary>Where the real clock and real randomness may be chosen: the composition roots.</summary>
    private static readonly string[] CompositionRoots = ["PorterLB.Operator/Program.cs", "PorterLB.Operator/Commands/"];

    [Theory]
    [InlineData("PorterLB.Speaker")]
    [InlineData("PorterLB.Reconciler")]
    [InlineData("PorterLB.Operator")]
    public void The_clock_and_chance_are_chosen_in_the_composition_roots_alone(string project)
    {
        var offenders =
            from file in Repository.Sources(project)
            let path = Path.GetRelativePath(Repository.Root, file)
            where !CompositionRoots.Any(root => path.StartsWith(root, StringComparison.Ordinal))
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where Banned().IsMatch(line.Text)
            select $"{path}:{line.Number}: {line.Text.Trim()} (take a TimeProvider or a Random as an argument)";
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"RS0030|\bDateTime(Offset)?\.(Utc)?Now\b|\bStopwatch\b|\bRandom\.Shared\b|\bEnvironment\.TickCount|\bThread\.Sleep\b|\bGuid\.NewGuid\b|\bTimeProvider\.System\b|\bnew Random\(\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Banned();
}
