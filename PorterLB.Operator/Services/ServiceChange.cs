using System.Collections.Immutable;
using System.Text.Json;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Operator.Services;

/// <summary>
/// The bodies of the patches of <c>services/status</c>, which carry metadata too: one request for finalizer, annotations, address and
/// election. The UID and the version are preconditions: a Service that changed meanwhile is looked at anew.
/// </summary>
internal static class ServiceChange
{
    /// <summary>Owns finalizer, annotations and ingress.</summary>
    public const string FieldManager = "porterlb";

    /// <summary>Owns the conditions alone: an apply of one manager removes what it applied before and applies no more.</summary>
    public const string ConditionFieldManager = "porterlb-announced";

    /// <summary>Whether a condition is one that we write.</summary>
    public static bool IsOurs(Condition condition) =>
        condition.Type == ConditionKinds.Announced.Type || condition.Type == ConditionKinds.AddressAssigned.Type;

    /// <summary>Server-side apply of a plan.</summary>
    public static ReadOnlyMemory<byte> Apply(ServiceView service, ServicePlan plan, bool ipMode) => PatchBody.Of(
        PatchKind.Apply,
        ServiceView.Type,
        service,
        metadata: json =>
        {
            if (plan.Finalizer)
            {
                json.WriteStartArray("finalizers");
                json.WriteStringValue(Annotations.ServiceFinalizer);
                json.WriteEndArray();
            }

            json.WriteStartObject("annotations");
            foreach (var (name, value) in plan.Annotations)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        },
        status: json =>
        {
            json.WriteStartObject();
            json.WriteStartObject("loadBalancer");
            json.WriteStartArray("ingress");
            foreach (var address in plan.Ingress)
            {
                json.WriteStartObject();
                json.WriteString("ip", $"{address}");
                if (ipMode)
                {
                    json.WriteString("ipMode", "VIP");
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        });

    /// <summary>
    /// Merge patch that takes everything of ours off, whoever wrote it: another field manager (OpenELB, a user) may co-own the finalizer,
    /// and an apply would leave it then.
    /// </summary>
    /// <param name="service">As it is.</param>
    /// <param name="keepFinalizer">While a node may still answer for the address.</param>
    /// <param name="clearIngress">Whether the addresses in the status are ours.</param>
    public static ReadOnlyMemory<byte> Release(ServiceView service, bool keepFinalizer, bool clearIngress) => PatchBody.Of(
        PatchKind.Merge,
        ServiceView.Type,
        service,
        metadata: json =>
        {
            if (!keepFinalizer)
            {
                json.WriteStartArray("finalizers");
                foreach (var finalizer in (service.Metadata.Finalizers ?? []).Where(name => name != Annotations.ServiceFinalizer))
                {
                    json.WriteStringValue(finalizer);
                }

                json.WriteEndArray();
            }

            // What OpenELB and Porter wrote goes with ours: it would make a later address look like one of theirs.
            if (OpenElbMarks.Labels.Where(name => service.Metadata.Labels?.ContainsKey(name) == true).ToArray() is { Length: > 0 } labels)
            {
                json.WriteStartObject("labels");
                Array.ForEach(labels, json.WriteNull);
                json.WriteEndObject();
            }

            json.WriteStartObject("annotations");
            foreach (var name in (ImmutableArray<string>)
                [Annotations.Node, Annotations.Epoch, Annotations.Origin, .. OpenElbMarks.Notes.Where(name => service.Metadata.Annotations?.ContainsKey(name) == true)])
            {
                json.WriteNull(name);
            }

            json.WriteEndObject();
        },
        status: json =>
        {
            json.WriteStartObject();
            if (clearIngress)
            {
                json.WriteStartObject("loadBalancer");
                json.WriteNull("ingress");
                json.WriteEndObject();
            }

            // A list in a merge patch is replaced whole; the version in the patch sees to it that nobody's condition is lost.
            if (service.Status.Conditions is { } conditions && conditions.Any(IsOurs))
            {
                json.WriteStartArray("conditions");
                foreach (var condition in conditions.Where(condition => !IsOurs(condition)))
                {
                    Write(json, condition);
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        });

    /// <summary>Server-side apply of all conditions that are ours; what was applied before and is not among them goes.</summary>
    public static ReadOnlyMemory<byte> Apply(ServiceView service, IEnumerable<Condition> conditions) => PatchBody.Of(PatchKind.Apply, ServiceView.Type, service, status: json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("conditions");
        foreach (var condition in conditions)
        {
            Write(json, condition);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    /// <summary>Merge patch that takes OpenELB's marks off; server-side apply could not, for they are not ours.</summary>
    public static ReadOnlyMemory<byte> TakeOffOpenElbMarks(ServiceView service) => PatchBody.Of(PatchKind.Merge, ServiceView.Type, service, metadata: json =>
    {
        foreach (var (field, names, present) in ((string, ImmutableArray<string>, IDictionary<string, string>?)[])
            [("labels", OpenElbMarks.Labels, service.Metadata.Labels), ("annotations", OpenElbMarks.Notes, service.Metadata.Annotations)])
        {
            json.WriteStartObject(field);
            foreach (var name in names.Where(name => present?.ContainsKey(name) == true))
            {
                json.WriteNull(name);
            }

            json.WriteEndObject();
        }
    });

    private static void Write(Utf8JsonWriter json, Condition condition)
    {
        json.WriteStartObject();
        json.WriteString("type", condition.Type);
        json.WriteString("status", condition.Status);
        json.WriteString("reason", condition.Reason);
        json.WriteString("message", condition.Message);
        json.WriteString("lastTransitionTime", condition.LastTransitionTime.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ"));
        if (condition.ObservedGeneration is { } generation)
        {
            json.WriteNumber("observedGeneration", generation);
        }

        json.WriteEndObject();
    }
}
