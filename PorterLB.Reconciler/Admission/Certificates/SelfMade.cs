using System.Security.Cryptography;
using k8s.Models;
using Microsoft.Extensions.Logging;
using PorterLB.Reconciler.Client;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>
/// Certificates of our own, in a Secret that all replicas share. Whichever replica sees that something is due does it; the Secret's
/// resourceVersion lets only one of them write, and the others take what it wrote. The API server is told to trust an authority before
/// anything signed by it is served.
/// </summary>
internal sealed class SelfMade(
    AdmissionServerOptions options,
    IKubernetesClient client,
    Trust trust,
    ServingCertificate certificate,
    TimeProvider time,
    ILogger<SelfMade> logger) : ICertificateSource
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);

    private volatile TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The Secret or the configuration changed: look now.</summary>
    public void Look() => _changed.TrySetResult();

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var retry = FirstRetry;
        while (!cancellationToken.IsCancellationRequested)
        {
            // Renewed before looking, so that a change during the look is not lost.
            _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
            TimeSpan wait;
            try
            {
                wait = await LookAsync(cancellationToken);
                retry = FirstRetry;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is ApiException or HttpRequestException or TimeoutException or IOException or CryptographicException or OperationCanceledException)
            {
                certificate.Failed(exception.Message);
                logger.CertificatesFailed(exception.Message, retry);
                wait = retry;
                retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
            }

            using var woken = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(_changed.Task, Task.Delay(wait, time, woken.Token));
            await woken.CancelAsync();
        }
    }

    private async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        var key = new Caching.EntityKey(options.Namespace, options.SecretName);
        while (true)
        {
            var secret = await client.GetAsync(CertificateSecret.EntityType, key, cancellationToken);
            var present = CertificateSet.FromData(secret?.Data);
            var (set, why) = Rotation.Due(present, options.ServiceName, options.DnsNames, time.GetUtcNow());
            if (ReferenceEquals(set, present) || await WriteAsync(secret, set, why, cancellationToken))
            {
                await trust.PublishAsync(set, cancellationToken);
                certificate.Use(set.Certificate, set.Key);
                return Rotation.NextLook(set, time.GetUtcNow());
            }
        }
    }

    /// <summary>False when another replica was faster: read again.</summary>
    private async Task<bool> WriteAsync(CertificateSecret? secret, CertificateSet set, string why, CancellationToken cancellationToken)
    {
        try
        {
            if (secret is null)
            {
                var made = new CertificateSecret
                {
                    ApiVersion = "v1",
                    Kind = "Secret",
                    Metadata = new V1ObjectMeta { Name = options.SecretName, NamespaceProperty = options.Namespace },
                    Type = "kubernetes.io/tls",
                    Data = set.ToData(),
                };
                await client.CreateAsync(CertificateSecret.EntityType, made, cancellationToken: cancellationToken);
            }
            else
            {
                secret.Data = set.ToData();
                await client.UpdateAsync(CertificateSecret.EntityType, secret, cancellationToken: cancellationToken);
            }
        }
        catch (ApiException exception) when (exception.IsConflict || exception.IsAlreadyExists || (secret is not null && exception.IsNotFound))
        {
            return false;
        }

        logger.CertificatesWritten(options.Namespace, options.SecretName, why);
        return true;
    }
}
