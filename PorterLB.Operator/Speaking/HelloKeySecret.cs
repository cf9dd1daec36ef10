using System.Security.Cryptography;
using PorterLB.Operator.Access;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Speaking;

/// <summary>Sees to it that there is a key for the speakers' hellos: a Secret that is missing is made, one that is there is left alone.</summary>
internal sealed class HelloKeySecret(IKubernetesClient client, OperatorSettings settings, TimeProvider time, ILogger<HelloKeySecret> logger) : IRunnable
{
    private const int Length = 32;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var failed = false;
            try
            {
                await EnsureAsync(cancellationToken);
            }
            catch (Exception exception) when (Outage.Is(exception))
            {
                failed = true;
                logger.HelloKeyFailed(exception.Message);
            }

            await Task.Delay(failed ? Retry : Interval, time, cancellationToken);
        }
    }

    private async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var key = new EntityKey(settings.OwnNamespace, Names.HelloKeys);
        if (await client.GetAsync(SecretView.Type, key, cancellationToken) is not null)
        {
            return;
        }

        try
        {
            await client.CreateAsync(
                SecretView.Type,
                new SecretView
                {
                    ApiVersion = "v1",
                    Kind = "Secret",
                    Metadata = new() { Name = key.Name, NamespaceProperty = key.Namespace },
                    Data = new Dictionary<string, byte[]> { [HelloKeys.Current] = RandomNumberGenerator.GetBytes(Length) },
                },
                cancellationToken: cancellationToken);
            logger.HelloKeyMade(key);
        }
        catch (ApiException exception) when (exception.IsAlreadyExists)
        {
            // Another manager was faster: its key is as good.
        }
    }
}

/// <summary>The keys in the Secret.</summary>
internal static class HelloKeys
{
    /// <summary>Signs.</summary>
    public const string Current = "current";

    /// <summary>Is accepted beside it while speakers change over.</summary>
    public const string Previous = "previous";
}
