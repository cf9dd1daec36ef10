using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Metrics;

namespace PorterLB.Speaker.Loop;

/// <summary>Logs, counts and passes on what happens; of what lasts, only the beginning.</summary>
internal sealed class ReportDesk(ILogger logger, SpeakerMetrics metrics, ChannelWriter<SpeakerReport> readers)
{
    private readonly HashSet<(IPAddress?, ReportKind, string?)> _lasting = [];

    public void Report(SpeakerReport report)
    {
        var subject = string.Join(", ", new[]
        {
            report.Address?.ToString(), report.Interface, report.Node, report.Mac?.ToString(), report.Detail,
        }.Where(part => part is not null));
        if (report.Kind is ReportKind.ConflictRefused or ReportKind.ConflictDefended or ReportKind.Stalled or ReportKind.Deaf
            or ReportKind.NoInterface or ReportKind.KernelAnswers or ReportKind.InterfaceLost or ReportKind.FilterCoarse or ReportKind.GroupRefused
            or ReportKind.WrongKey)
        {
            logger.Warned(report.Kind, subject);
        }
        else
        {
            logger.Happened(report.Kind, subject);
        }

        metrics.Count(report.Kind);
        readers.TryWrite(report);
    }

    /// <summary>All that is wrong with the addresses at present: what was told before and is wrong still is not told again.</summary>
    public void ReportNew(IReadOnlyCollection<SpeakerReport> problems)
    {
        foreach (var problem in problems.Where(problem => _lasting.Add(Of(problem))))
        {
            Report(problem);
        }

        _lasting.IntersectWith(problems.Select(Of));
    }

    private static (IPAddress?, ReportKind, string?) Of(SpeakerReport report) => (report.Address, report.Kind, report.Interface);
}
