using System.Text;

namespace PorterLB.Reconciler.Health;

/// <summary>Which page a check belongs to.</summary>
internal enum HealthPage
{
    /// <summary><c>/healthz</c>.</summary>
    Healthy,

    /// <summary><c>/readyz</c>.</summary>
    Ready,
}

/// <summary>A part of a page.</summary>
internal sealed record HealthCheck(HealthPage Page, string Name, Func<IServiceProvider, HealthCheckResult> Check);

/// <summary>
/// Answers <c>/healthz</c> and <c>/readyz</c> as Kubernetes' own programs do: <c>ok</c> or 500, each part under a path of its own,
/// <c>?verbose</c> for a line each, <c>?exclude=name</c> to leave one out.
/// </summary>
internal sealed class HealthChecks(IEnumerable<HealthCheck> checks, IServiceProvider services)
{
    private readonly IReadOnlyList<HealthCheck> _checks = [.. checks];

    /// <param name="path">As <c>/readyz</c> or <c>/readyz/caches</c>.</param>
    /// <param name="verbose">Whether to show the parts although all is well.</param>
    /// <param name="exclude">Parts to leave out.</param>
    /// <returns>Null when there is no such page.</returns>
    public (int Status, string Body)? Answer(string path, bool verbose, IReadOnlyCollection<string> exclude)
    {
        var parts = path.Trim('/').Split('/');
        if (parts.Length > 2 || PageOf(parts[0]) is not { } page)
        {
            return null;
        }

        var ofPage = _checks.Where(check => check.Page == page).DefaultIfEmpty(new HealthCheck(page, "ping", _ => HealthCheckResult.Healthy));
        return parts.Length == 2
            ? ofPage.FirstOrDefault(check => check.Name == parts[1]) is { } check ? AnswerOne(check) : null
            : AnswerAll(parts[0], ofPage.Where(check => !exclude.Contains(check.Name)), verbose);
    }

    private static HealthPage? PageOf(string name) => name switch
    {
        "healthz" => HealthPage.Healthy,
        "readyz" => HealthPage.Ready,
        _ => null,
    };

    private (int Status, string Body) AnswerOne(HealthCheck check)
    {
        var result = Run(check);
        return result.IsHealthy ? (200, "ok") : (500, $"{check.Name}: {result.Reason}\n");
    }

    private (int Status, string Body) AnswerAll(string page, IEnumerable<HealthCheck> checks, bool verbose)
    {
        var text = new StringBuilder();
        var healthy = true;
        foreach (var check in checks)
        {
            var result = Run(check);
            healthy &= result.IsHealthy;
            text.Append(result.IsHealthy ? $"[+]{check.Name} ok\n" : $"[-]{check.Name} failed: {result.Reason}\n");
        }

        return healthy
            ? (200, verbose ? text.Append(page).Append(" check passed\n").ToString() : "ok")
            : (500, text.Append(page).Append(" check failed\n").ToString());
    }

    private HealthCheckResult Run(HealthCheck check)
    {
        try
        {
            return check.Check(services);
        }
        catch (Exception exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
    }
}
