namespace PorterLB.Operator.Overview;

/// <summary>How long ago, as kubectl writes it: 45s, 12m, 3h, 9d.</summary>
internal static class Age
{
    public static string Of(TimeSpan span) => span switch
    {
        { TotalSeconds: < 1 } => "0s",
        { TotalSeconds: < 120 } => $"{span.TotalSeconds:0}s",
        { TotalMinutes: < 120 } => $"{span.TotalMinutes:0}m",
        { TotalHours: < 48 } => $"{span.TotalHours:0}h",
        _ => $"{span.TotalDays:0}d",
    };
}
