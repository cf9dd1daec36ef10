using System.Net;

namespace PorterLB.Operator.Speaking;

/// <summary>
/// Whether kube-proxy forwards on this node, by its own health check. Unhealthy after 3 s without a good answer. Where it never gave one
/// (no kube-proxy, another address) nothing can be said, and the node counts as healthy.
/// </summary>
internal sealed class DataPlaneCheck(TimeProvider time, ILogger<DataPlaneCheck> logger)
{
    public static readonly TimeSpan UnhealthyAfter = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Where it never answered, it probably is not there: now and then is often enough to find that it is.</summary>
    private static readonly TimeSpan IntervalBefore = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private readonly DataPlaneHealth _health = new();

    public async Task RunAsync(Action<bool> tell, CancellationToken cancellationToken)
    {
        // Of its own, without proxies: the answer must come from this very node.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = Timeout }) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };
        var url = new Uri($"http://{IPAddress.Loopback}:10256/healthz");
        using var timer = new PeriodicTimer(IntervalBefore, time);
        var origin = time.GetTimestamp();
        do
        {
            var (good, problem) = await AskAsync(http, url, cancellationToken);
            timer.Period = good ? Interval : timer.Period;
            if (_health.Saw(good, time.GetElapsedTime(origin)) is { } healthy)
            {
                tell(healthy);
                if (healthy)
                {
                    logger.DataPlaneHealthy();
                }
                else
                {
                    logger.DataPlaneUnhealthy(UnhealthyAfter.TotalSeconds, problem);
                }
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    private async Task<(bool Good, string Problem)> AskAsync(HttpClient http, Uri url, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return (response.StatusCode == HttpStatusCode.OK, $"{url} answers {(int)response.StatusCode}");
        }
        catch (HttpRequestException exception)
        {
            return (false, exception.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (false, $"{url} does not answer within {Timeout.TotalSeconds:0} s");
        }
    }
}

/// <summary>The judgement over the answers, without I/O.</summary>
internal sealed class DataPlaneHealth
{
    private TimeSpan? _lastGood;
    private bool _healthy = true;

    /// <summary>An answer came, or none.</summary>
    /// <param name="good">Whether it was a good one.</param>
    /// <param name="now">Time since any origin.</param>
    /// <returns>The verdict if it changed, else null.</returns>
    public bool? Saw(bool good, TimeSpan now)
    {
        if (good)
        {
            _lastGood = now;
        }

        var healthy = _lastGood is not { } last || now - last < DataPlaneCheck.UnhealthyAfter;
        if (healthy == _healthy)
        {
            return null;
        }

        _healthy = healthy;
        return healthy;
    }
}
