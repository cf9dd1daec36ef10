using System.Security.Cryptography;
using PorterLB.Operator.Access;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Speaking;

/// <summary>Sees to it that there is a key for the speakers' hellos: a Secret that is missing is made, one that is there is left alone.</summary>
internal sealed class HelloKeySecret(
    IKubernetesClient client, Informer<SecretView> secrets, OperatorSettings settings, TimeProvider time, ILogger<HelloKeySecret> logger) : IRunnable
{
    private const int Length = 32;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var key = new EntityKey(settings.OwnNamespace, Names.HelloKeys);
        using var look = new SemaphoreSlim(1);
        using var subscription = secrets.Subscribe(delta =>
        {
            if (delta.New is null)
            {
                look.Release();
            }
        });
        while (true)
        {
            await look.WaitAsync(cancellationToken);
            while (secrets.Get(key) is null)
            {
                try
                {
                    await MakeAsync(key, cancellationToken);
                    break;
                }
                catch (Exception exception) when (ServerTrouble.Is(exception))
                {
                    logger.HelloKeyFailed(exception.Message);
                    await Task.Delay(Retry, time, cancellationToken);
                }
            }
        }
    }

    private async Task MakeAsync(EntityKey key, CancellationToken cancellationToken)
    {
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
