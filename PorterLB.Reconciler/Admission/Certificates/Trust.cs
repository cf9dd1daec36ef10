using System.Text.Json;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>
/// Writes the <c>caBundle</c> of the webhooks that are served here, and of no other, by server-side apply under a field manager of its
/// own: whoever applies the configuration without one, by kubectl or GitOps, does not take it away.
/// </summary>
internal sealed class Trust(AdmissionServerOptions options, IKubernetesClient client, ILogger<Trust> logger)
{
    private bool _missing;

    public async Task PublishAsync(CertificateSet set, CancellationToken cancellationToken)
    {
        var type = WebhookConfigurationView.EntityType;
        var configuration = await client.GetAsync(type, new(null, options.ConfigurationName), cancellationToken);
        if (configuration is null)
        {
            // No webhooks installed is a choice: said once, and looked at again when the configuration appears.
            if (!_missing)
                logger.ConfigurationMissing(options.ConfigurationName);
            _missing = true;
            return;
        }

        _missing = false;
        var bundle = set.BundleBytes;
        var ours = (configuration.Webhooks ?? []).Where(webhook =>
            webhook.ClientConfig?.Service is { } service && service.Name == options.ServiceName && service.Namespace == options.Namespace).ToList();
        if (ours.All(webhook => webhook.ClientConfig!.CaBundle is { } present && present.AsSpan().SequenceEqual(bundle)))
            return;

        var patch = new WebhookConfigurationView
        {
            ApiVersion = type.Metadata.GroupWithVersion,
            Kind = type.Metadata.Kind,
            Metadata = new V1ObjectMeta { Name = options.ConfigurationName },
            Webhooks = [.. ours.Select(webhook => new WebhookView { Name = webhook.Name, ClientConfig = new() { CaBundle = bundle } })],
        };
        await client.PatchAsync(
            type,
            new(null, options.ConfigurationName),
            PatchKind.Apply,
            JsonSerializer.SerializeToUtf8Bytes(patch, type.Json),
            fieldManager: options.FieldManager,
            force: true,
            cancellationToken: cancellationToken);
        logger.TrustPatched(options.ConfigurationName, set.Authorities.Length);
    }
}
