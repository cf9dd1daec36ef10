using System.Collections.Concurrent;
using System.Diagnostics;
using PorterLB.Lab;

namespace PorterLB.Tests.EndToEnd;

/// <summary>When an object was changed after its creation, as a watch sees it.</summary>
internal sealed class ObjectChanges : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentQueue<long> _seen = [];
    private Task _watching = Task.CompletedTask;

    public int Count => _seen.Count;

    /// <summary>The most that came within a second.</summary>
    public int MostInASecond
    {
        get
        {
            var seen = _seen.ToArray();
            return seen.Length == 0 ? 0 : seen.Max(first => seen.Count(other => other >= first && Stopwatch.GetElapsedTime(first, other) < TimeSpan.FromSeconds(1)));
        }
    }

    /// <param name="lab">Where.</param>
    /// <param name="path">The list that the object is in.</param>
    /// <param name="name">Its name.</param>
    public static async Task<ObjectChanges> OfAsync(LightLab lab, string path, string name)
    {
        var list = await lab.ControlPlane.Api.GetAsync($"{path}?limit=1");
        var changes = new ObjectChanges();
        changes._watching = changes.WatchAsync(lab, path, name, (string)list!["metadata"]!["resourceVersion"]!);
        return changes;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _watching.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        _ending.Dispose();
    }

    private async Task WatchAsync(LightLab lab, string path, string name, string version)
    {
        await foreach (var change in lab.ControlPlane.Api.WatchAsync(path, version, _ending.Token))
        {
            if ((string?)change["type"] == "MODIFIED" && (string?)change["object"]!["metadata"]!["name"] == name)
            {
                _seen.Enqueue(Stopwatch.GetTimestamp());
            }
        }
    }
}
