using System.Text.RegularExpressions;

namespace PorterLB.Tests.House;

/// <summary>The core of the speaker is (now, input) → effects: whoever brings a clock, a socket, a thread or a log into it is told here.</summary>
public partial class PureCoreTests
{
    private static readonly string[] Core = ["Ownership/", "Peers/", "Announcing/", "Hellos/", "Loop/SegmentMachine", "Loop/SegmentTiming"];

    [Fact]
    public void The_core_of_the_speaker_has_no_clock_socket_thread_or_log()
    {
        var speaker = Path.Combine(Repository.Root, "PorterLB.Speaker");
        var offenders =
            from file in Repository.Sources("PorterLB.Speaker")
            let path = Path.GetRelativePath(speaker, file)
            where Core.Any(part => path.StartsWith(part, StringComparison.Ordinal))
            from line in File.ReadLines(file).Select((text, index) => (Text: text, Number: index + 1))
            where !line.Text.TrimStart().StartsWith("//", StringComparison.Ordinal) && InputOrOutput().IsMatch(line.Text)
            select $"{path}:{line.Number}: {line.Text.Trim()}";
        Assert.Empty(offenders);
    }

    [GeneratedRegex(@"\b(Socket|Thread|Task|ILogger|Timer|TimeProvider|DateTime|DateTimeOffset|Stopwatch|File|Stream|Console|Environment|Channel|lock|async|await)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex InputOrOutput();
}
