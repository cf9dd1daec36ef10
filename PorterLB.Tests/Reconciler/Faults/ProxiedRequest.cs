namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>A request that a client sent through a <see cref="FaultProxy"/>.</summary>
internal sealed class ProxiedRequest(string method, string path, string query, TimeSpan at)
{
    private volatile int _status;

    public string Method => method;

    public string Path => path;

    public string Query => query;

    /// <summary>When it came, since the proxy was started.</summary>
    public TimeSpan At => at;

    /// <summary>How it was answered; 0 = not yet.</summary>
    public int Status
    {
        get => _status;
        set => _status = value;
    }

    public bool IsWatch => Query.Contains("watch=true", StringComparison.Ordinal);

    public bool IsList => method == "GET" && !IsWatch && Query.Contains("resourceVersion=", StringComparison.Ordinal);

    public bool IsLease => path.Contains("/leases", StringComparison.Ordinal);

    public bool IsWrite => method is "PUT" or "POST" or "PATCH" or "DELETE";

    public bool Succeeded => Status is >= 200 and < 300;

    public override string ToString() => $"{At.TotalSeconds:0.000} {method} {path}{query} → {Status}";
}
