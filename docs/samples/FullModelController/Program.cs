// What a controller in C# usually is: the official client with its full models under the runtime's compiler. It lists, stores and watches
// the Services and EndpointSlices of a cluster, as PorterLB's manager does. `make bench WHAT=reconciler` measures the two side by side.
using System.Collections.Concurrent;
using k8s;
using k8s.Models;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, interrupt) =>
{
    interrupt.Cancel = true;
    stop.Cancel();
};
using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(args[0]));
using var services = new GenericClient(client, "", "v1", "services", disposeClient: false);

// Of version v1beta1, as Kubernetes 1.20 serves it; the model of v1 reads all of it but the topology.
using var slices = new GenericClient(client, "discovery.k8s.io", "v1beta1", "endpointslices", disposeClient: false);
var storedServices = new ConcurrentDictionary<string, V1Service>(StringComparer.Ordinal);
var storedSlices = new ConcurrentDictionary<string, V1EndpointSlice>(StringComparer.Ordinal);
var watches = await Task.WhenAll(
    FollowAsync<V1Service, V1ServiceList>(services, list => list.Items, storedServices, stop.Token),
    FollowAsync<V1EndpointSlice, V1EndpointSliceList>(slices, list => list.Items, storedSlices, stop.Token));
await Console.Out.WriteLineAsync("synced");
await Task.WhenAll(watches);

static async Task<Task> FollowAsync<TItem, TList>(
    GenericClient client, Func<TList, IEnumerable<TItem>> itemsOf, ConcurrentDictionary<string, TItem> store, CancellationToken cancellationToken)
    where TItem : IKubernetesObject<V1ObjectMeta>
    where TList : IKubernetesObject
{
    foreach (var item in itemsOf(await client.ListAsync<TList>(cancel: cancellationToken)))
    {
        store[KeyOf(item.Metadata)] = item;
    }

    return WatchAsync();

    async Task WatchAsync()
    {
        await foreach (var (type, item) in client.WatchAsync<TItem>(cancel: cancellationToken))
        {
            if (type == WatchEventType.Deleted)
            {
                store.TryRemove(KeyOf(item.Metadata), out _);
            }
            else
            {
                store[KeyOf(item.Metadata)] = item;
            }
        }
    }
}

static string KeyOf(V1ObjectMeta metadata) => $"{metadata.NamespaceProperty}/{metadata.Name}";
