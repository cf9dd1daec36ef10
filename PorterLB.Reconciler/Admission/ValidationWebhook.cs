using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Admission;

/// <summary>
/// Checks entities before they are stored. Override the operations that matter, in either form; what is not overridden is allowed.
/// One instance serves all requests, several at once.
/// </summary>
/// <typeparam name="TEntity">The entity.</typeparam>
public abstract class ValidationWebhook<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>An entity is made.</summary>
    /// <param name="entity">As it would be stored.</param>
    /// <param name="dryRun">Whether it will not be stored whatever is said here: have no side effects.</param>
    public virtual ValidationResult Create(TEntity entity, bool dryRun) => Success();

    /// <inheritdoc cref="Create"/>
    /// <param name="entity">As it would be stored.</param>
    /// <param name="dryRun">Whether it will not be stored whatever is said here.</param>
    /// <param name="cancellationToken">Ends when the API server no longer waits.</param>
    public virtual Task<ValidationResult> CreateAsync(TEntity entity, bool dryRun, CancellationToken cancellationToken) =>
        Task.FromResult(Create(entity, dryRun));

    /// <summary>An entity is changed. Not asked for one that is being deleted: that only loses its finalizers.</summary>
    /// <param name="oldEntity">As it is stored.</param>
    /// <param name="newEntity">As it would be stored.</param>
    /// <param name="dryRun">Whether it will not be stored whatever is said here: have no side effects.</param>
    public virtual ValidationResult Update(TEntity oldEntity, TEntity newEntity, bool dryRun) => Success();

    /// <inheritdoc cref="Update"/>
    /// <param name="oldEntity">As it is stored.</param>
    /// <param name="newEntity">As it would be stored.</param>
    /// <param name="dryRun">Whether it will not be stored whatever is said here.</param>
    /// <param name="cancellationToken">Ends when the API server no longer waits.</param>
    public virtual Task<ValidationResult> UpdateAsync(TEntity oldEntity, TEntity newEntity, bool dryRun, CancellationToken cancellationToken) =>
        Task.FromResult(Update(oldEntity, newEntity, dryRun));

    /// <summary>An entity is deleted.</summary>
    /// <param name="entity">As it is stored.</param>
    /// <param name="dryRun">Whether it will not be deleted whatever is said here: have no side effects.</param>
    public virtual ValidationResult Delete(TEntity entity, bool dryRun) => Success();

    /// <inheritdoc cref="Delete"/>
    /// <param name="entity">As it is stored.</param>
    /// <param name="dryRun">Whether it will not be deleted whatever is said here.</param>
    /// <param name="cancellationToken">Ends when the API server no longer waits.</param>
    public virtual Task<ValidationResult> DeleteAsync(TEntity entity, bool dryRun, CancellationToken cancellationToken) =>
        Task.FromResult(Delete(entity, dryRun));

    /// <summary>
    /// The object passed the server's schema but is no <typeparamref name="TEntity"/>. Refused, unless this is overridden: a webhook
    /// that only warns should let it pass.
    /// </summary>
    /// <param name="error">Where and why.</param>
    public virtual ValidationResult Unreadable(FieldError error) => Result([error]);

    /// <summary>The request may go on.</summary>
    /// <param name="warnings">What the user is told all the same.</param>
    protected static ValidationResult Success(params IEnumerable<string> warnings) => new(valid: true) { Warnings = [.. warnings] };

    /// <summary>The request is refused.</summary>
    protected static ValidationResult Fail() => new(valid: false);

    /// <summary>The request is refused.</summary>
    /// <param name="reason">Why, and what would be right.</param>
    protected static ValidationResult Fail(string reason) => new(valid: false) { StatusMessage = reason };

    /// <summary>The request is refused.</summary>
    /// <param name="reason">Why, and what would be right.</param>
    /// <param name="statusCode">The HTTP status, 400 to 599.</param>
    protected static ValidationResult Fail(string reason, int statusCode) => new(valid: false) { StatusMessage = reason, StatusCode = statusCode };

    /// <summary>Refused when there are errors, all of them told at once; else the request may go on.</summary>
    /// <param name="errors">Everything that is wrong.</param>
    /// <param name="warnings">What the user is told in any case.</param>
    protected static ValidationResult Result(IReadOnlyList<FieldError> errors, IEnumerable<string>? warnings = null) =>
        new(valid: errors.Count == 0) { Errors = errors, Warnings = [.. warnings ?? []] };
}
