namespace PorterLB.Reconciler.Hosting;

/// <summary>
/// Work that goes on beside the reconcilers. Ends when it is cancelled. Ending before, by return or by exception, stops the process:
/// a half-alive replica is worse than a restarted one.
/// </summary>
public interface IRunnable
{
    /// <summary>Runs until cancelled.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}

/// <summary>
/// Work to be done once by a new leader: after the caches are synced and leadership is won, before any reconciler runs.
/// What it throws stops the process, unless the server or the way to it is to blame (<see cref="Client.ServerTrouble"/>): then it is called
/// again until it succeeds. So what must not be done twice comes after its requests.
/// </summary>
public interface ILeaderStartup
{
    /// <summary>Prepares.</summary>
    Task StartAsync(CancellationToken cancellationToken);
}
