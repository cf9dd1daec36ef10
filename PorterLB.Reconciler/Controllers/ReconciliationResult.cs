using k8s;
using k8s.Models;

#pragma warning disable CA1000 // Success and Failure stand on the generic type because they do in KubeOps.
namespace PorterLB.Reconciler.Controllers;

/// <summary>How a reconciliation ended.</summary>
/// <typeparam name="TEntity">The kind of object.</typeparam>
public sealed record ReconciliationResult<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private ReconciliationResult(TEntity entity, bool isSuccess, string? errorMessage, Exception? error, TimeSpan? requeueAfter)
    {
        Entity = entity;
        IsSuccess = isSuccess;
        ErrorMessage = errorMessage;
        Error = error;
        RequeueAfter = requeueAfter;
    }

    /// <summary>The object.</summary>
    public TEntity Entity { get; }

    /// <summary>Whether the object is as it should be.</summary>
    public bool IsSuccess { get; }

    /// <summary>What went wrong, in words; null after success.</summary>
    public string? ErrorMessage { get; }

    /// <summary>What was thrown, if anything was.</summary>
    public Exception? Error { get; }

    /// <summary>
    /// When to look again. After success null means: when something changes. After a failure null means: with a growing delay
    /// (5 ms, doubled each time, at most 1000 s), for ever; a time given replaces that delay.
    /// </summary>
    public TimeSpan? RequeueAfter { get; set; }

    /// <summary>The object is as it should be.</summary>
    public static ReconciliationResult<TEntity> Success(TEntity entity, TimeSpan? requeueAfter = null) =>
        new(entity, isSuccess: true, errorMessage: null, error: null, requeueAfter);

    /// <summary>It is not, and another try may help.</summary>
    public static ReconciliationResult<TEntity> Failure(
        TEntity entity, string errorMessage, Exception? error = null, TimeSpan? requeueAfter = null) =>
        new(entity, isSuccess: false, errorMessage, error, requeueAfter);
}
