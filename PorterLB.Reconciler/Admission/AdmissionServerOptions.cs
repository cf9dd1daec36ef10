namespace PorterLB.Reconciler.Admission;

/// <summary>How webhooks are served.</summary>
public sealed record AdmissionServerOptions
{
    /// <summary>The TCP port, on every address of the host.</summary>
    public required int Port { get; init; }

    /// <summary>
    /// A folder with <c>tls.crt</c> and <c>tls.key</c> that somebody else keeps (cert-manager), read again when they change; whoever
    /// keeps them also writes the <c>caBundle</c>. Null: certificates are made, renewed and published here.
    /// </summary>
    public string? CertificateFolder { get; init; }

    /// <summary>The namespace of the Service and of the Secret.</summary>
    public required string Namespace { get; init; }

    /// <summary>The Service by which the API server reaches the webhooks.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The Secret in which replicas share the certificates that they make.</summary>
    public required string SecretName { get; init; }

    /// <summary>The ValidatingWebhookConfiguration whose <c>caBundle</c>s are written.</summary>
    public required string ConfigurationName { get; init; }

    /// <summary>The field manager that owns those <c>caBundle</c>s.</summary>
    public string FieldManager { get; init; } = "admission-server";

    /// <summary>
    /// How long requests are still taken after the stop was asked for: it takes others about so long to send them elsewhere. Those in
    /// flight are then answered. Beside the rest of the stop, so that it delays neither reconcilers nor the lease.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(5);

    internal IReadOnlyList<string> DnsNames =>
    [
        $"{ServiceName}.{Namespace}.svc",
        $"{ServiceName}.{Namespace}.svc.cluster.local",
        $"{ServiceName}.{Namespace}",
        ServiceName,
    ];
}
