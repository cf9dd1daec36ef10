namespace PorterLB.Reconciler.Client;

/// <summary>There is no way to an API server. The message is one sentence for the user: what is wrong and what would be right.</summary>
public sealed class KubernetesConnectionException : Exception
{
    /// <summary>Makes one.</summary>
    public KubernetesConnectionException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
