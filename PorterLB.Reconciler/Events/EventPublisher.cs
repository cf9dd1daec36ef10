using k8s;
using k8s.Models;

namespace PorterLB.Reconciler.Events;

/// <summary>
/// Says something about an object where <c>kubectl describe</c> shows it. Returns at once; the Event is sent in the background,
/// alike ones are counted instead of repeated, and too many about one object are dropped.
/// </summary>
/// <param name="entity">What it is about.</param>
/// <param name="reason">A short CamelCase word for machines, as <c>AddressAssigned</c>.</param>
/// <param name="message">A sentence for people; at most 1,024 characters are kept.</param>
/// <param name="type">Whether it needs attention.</param>
/// <param name="cancellationToken">Not used for sending: that is the recorder's own business.</param>
public delegate Task EventPublisher(
    IKubernetesObject<V1ObjectMeta> entity,
    string reason,
    string message,
    EventType type = EventType.Normal,
    CancellationToken cancellationToken = default);
