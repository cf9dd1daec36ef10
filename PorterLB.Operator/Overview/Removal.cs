using k8s;
using k8s.Models;
using PorterLB.Operator.Access;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Finalizers;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Overview;

/// <summary>An object of which only the name matters.</summary>
internal sealed class AnyView : KubernetesObject, IKubernetesObject<V1ObjectMeta>
{
    public V1ObjectMeta Metadata { get; set; } = new();

    public static EntityType<AnyView> Type(string kind, string plural, string? group, string version, EntityScope scope) =>
        new(new(kind, version, group, plural), scope, OperatorJsonContext.Default.AnyView);
}

/// <summary>What is taken away, and what is kept.</summary>
/// <param name="Namespace">Where PorterLB is installed.</param>
/// <param name="KeepAddresses">Leaves the addresses in the Services' status, for another load balancer to take over.</param>
/// <param name="KeepConfiguration">Leaves CustomResourceDefinitions, Eips and LayerTwoConfigs.</param>
/// <param name="KeepNamespace">Leaves the namespace, and what it is run with when it runs in there.</param>
internal sealed record RemovalOptions(string Namespace, bool KeepAddresses, bool KeepConfiguration, bool KeepNamespace);

/// <summary>
/// Takes PorterLB out of a cluster in the order in which nothing gets stuck: what would refuse or put back first, then the marks on
/// Services and Eips, then the kinds, then the rest. Each step finds out by itself what is left, so it may be run again, and after anything.
/// </summary>
internal sealed class Removal(IKubernetesClient client, RemovalOptions options, TimeProvider time, Action<string> say)
{
    private const int Parallel = 8;
    private const int MostConflicts = 10;

    // A manager renews each 2 s.
    private static readonly TimeSpan LeaseWatch = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly EntityType<AnyView> Webhooks = Rules("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "admissionregistration.k8s.io");
    private static readonly EntityType<AnyView> Deployments = AnyView.Type("Deployment", "deployments", "apps", "v1", EntityScope.Namespaced);
    private static readonly EntityType<AnyView> DaemonSets = AnyView.Type("DaemonSet", "daemonsets", "apps", "v1", EntityScope.Namespaced);
    private static readonly EntityType<AnyView> Pods = AnyView.Type("Pod", "pods", null, "v1", EntityScope.Namespaced);
    private static readonly EntityType<AnyView> Kinds = Rules("CustomResourceDefinition", "customresourcedefinitions", "apiextensions.k8s.io");
    private static readonly EntityType<AnyView> ClusterRoles = Rules("ClusterRole", "clusterroles", "rbac.authorization.k8s.io");
    private static readonly EntityType<AnyView> ClusterRoleBindings = Rules("ClusterRoleBinding", "clusterrolebindings", "rbac.authorization.k8s.io");
    private static readonly EntityType<AnyView> Policies = Rules("ValidatingAdmissionPolicy", "validatingadmissionpolicies", "admissionregistration.k8s.io");
    private static readonly EntityType<AnyView> PolicyBindings = Rules("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "admissionregistration.k8s.io");
    private static readonly EntityType<AnyView> Namespaces = AnyView.Type("Namespace", "namespaces", null, "v1", EntityScope.Cluster);

    /// <summary>What <see cref="RunAsync"/> would do, one line for each step.</summary>
    public async Task<IReadOnlyList<string>> PlanAsync(CancellationToken cancellationToken)
    {
        var marked = await MarkedAsync(cancellationToken);
        var eips = await EipsAsync(cancellationToken);
        return
        [
            $"delete ValidatingWebhookConfiguration {Names.WebhookConfiguration}",
            $"delete Deployment {Names.Manager} and DaemonSet {Names.Speaker} in {options.Namespace}, and wait for their Pods",
            $"take finalizer{(options.KeepAddresses ? "" : ", addresses")} and annotations off {marked.Count} Services{(marked.Count == 0 ? "" : $": {Enumeration.Of(marked.Select(service => $"{EntityKey.Of(service)}"))}")}",
            $"take the finalizer off {eips.Count(HasFinalizer)} Eips",
            .. options.KeepConfiguration ? Array.Empty<string>() : [$"delete the CustomResourceDefinitions of {Api.Group}, with {eips.Count} Eips"],
            $"delete the ClusterRoles and ClusterRoleBindings {Names.Manager} and {Names.Speaker}, and the ValidatingAdmissionPolicy {Names.SpeakersByNode}, if there is one",
            .. options.KeepNamespace ? Array.Empty<string>() : [$"delete the namespace {options.Namespace}"],
        ];
    }

    /// <exception cref="OperatorException">Something keeps it from going on; what was done stays done.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await client.DeleteAsync(Webhooks, new EntityKey(null, Names.WebhookConfiguration), cancellationToken: cancellationToken);
        say("Webhooks: removed; nothing is refused any more.");

        // Before the marks: a manager would put them back.
        await client.DeleteAsync(Deployments, new EntityKey(options.Namespace, Names.Manager), cancellationToken: cancellationToken);
        await client.DeleteAsync(DaemonSets, new EntityKey(options.Namespace, Names.Speaker), cancellationToken: cancellationToken);
        await StoppedAsync(cancellationToken);
        say("Manager and speakers: stopped.");

        var marked = await MarkedAsync(cancellationToken);
        await System.Threading.Tasks.Parallel.ForEachAsync(
            marked, new ParallelOptions { MaxDegreeOfParallelism = Parallel, CancellationToken = cancellationToken }, async (service, token) => await ReleaseAsync(service, token));
        say($"Services: {marked.Count} released.");

        var held = (await EipsAsync(cancellationToken)).Where(HasFinalizer).ToArray();
        foreach (var eip in held)
        {
            await ReleaseAsync(eip, cancellationToken);
        }

        say($"Eips: {held.Length} released.");
        if (!options.KeepConfiguration)
        {
            string[] kinds = [V1Alpha2Eip.Type.Metadata.PluralName, V1Alpha2LayerTwoConfig.Type.Metadata.PluralName, V1Alpha2Speaker.Type.Metadata.PluralName];
            foreach (var kind in kinds)
            {
                await client.DeleteAsync(Kinds, new EntityKey(null, $"{kind}.{Api.Group}"), cancellationToken: cancellationToken);
            }

            await UntilAsync(
                $"the CustomResourceDefinitions of {Api.Group} to go",
                async () => (await System.Threading.Tasks.Task.WhenAll(kinds.Select(kind => client.GetAsync(Kinds, new EntityKey(null, $"{kind}.{Api.Group}"), cancellationToken)))).All(found => found is null),
                cancellationToken);
            say("CustomResourceDefinitions: removed, with all Eips, LayerTwoConfigs and Speakers.");
        }

        foreach (var name in (string[])[Names.Manager, Names.Speaker])
        {
            await client.DeleteAsync(ClusterRoleBindings, new EntityKey(null, name), cancellationToken: cancellationToken);
            await client.DeleteAsync(ClusterRoles, new EntityKey(null, name), cancellationToken: cancellationToken);
        }

        await DeletePolicyAsync(cancellationToken);
        say("Roles: removed.");
        if (!options.KeepNamespace)
        {
            await client.DeleteAsync(Namespaces, new EntityKey(null, options.Namespace), cancellationToken: cancellationToken);
            say($"Namespace {options.Namespace}: being deleted by the cluster.");
        }
    }

    private static EntityType<AnyView> Rules(string kind, string plural, string group) => AnyView.Type(kind, plural, group, "v1", EntityScope.Cluster);

    private static bool HasFinalizer(V1Alpha2Eip eip) => eip.Metadata.Finalizers?.Contains(Annotations.EipFinalizer) == true;

    private static bool IsMarked(ServiceView service) =>
        Ownership.IsMarked(service) || service.Metadata.Annotations?.ContainsKey(Annotations.Origin) == true;

    // Servers before 1.30 have no such kind.
    private async Task DeletePolicyAsync(CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync(PolicyBindings, new EntityKey(null, Names.SpeakersByNode), cancellationToken: cancellationToken);
            await client.DeleteAsync(Policies, new EntityKey(null, Names.SpeakersByNode), cancellationToken: cancellationToken);
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
        }
    }

    private async Task<IReadOnlyList<ServiceView>> MarkedAsync(CancellationToken cancellationToken) =>
        [.. (await client.ListAsync(ServiceView.Type, cancellationToken: cancellationToken)).Items.Where(IsMarked)];

    private async Task<IReadOnlyList<V1Alpha2Eip>> EipsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return [.. (await client.ListAsync(V1Alpha2Eip.Type, cancellationToken: cancellationToken)).Items];
        }
        catch (ApiException exception) when (exception.IsNotFound)
        {
            return [];
        }
    }

    private async Task ReleaseAsync(ServiceView service, CancellationToken cancellationToken)
    {
        var current = service;
        for (var left = MostConflicts; current is not null && IsMarked(current); left--)
        {
            try
            {
                var addresses = ServiceRequest.AddressesOf(current);
                var ours = current.Metadata.Annotations?.ContainsKey(Annotations.Node) == true || current.Metadata.Annotations?.ContainsKey(Annotations.Origin) == true
                    || Ownership.HasFinalizer(current);
                await client.PatchAsync(
                    ServiceView.Type,
                    EntityKey.Of(current),
                    PatchKind.Merge,
                    ServiceChange.Release(current, keepFinalizer: false, clearIngress: ours && !options.KeepAddresses && !addresses.IsEmpty),
                    subresource: "status",
                    fieldManager: ServiceChange.FieldManager,
                    cancellationToken: cancellationToken);
                return;
            }
            catch (ApiException exception) when (exception.IsConflict && left > 0)
            {
                current = await client.GetAsync(ServiceView.Type, EntityKey.Of(service), cancellationToken);
            }
            catch (ApiException exception) when (exception.IsNotFound)
            {
                return;
            }
        }
    }

    private async Task ReleaseAsync(V1Alpha2Eip eip, CancellationToken cancellationToken)
    {
        var current = eip;
        for (var left = MostConflicts; current is not null; left--)
        {
            try
            {
                await client.DetachFinalizerAsync(V1Alpha2Eip.Type, current, Annotations.EipFinalizer, cancellationToken);
                return;
            }
            catch (ApiException exception) when (exception.IsConflict && left > 0)
            {
                current = await client.GetAsync(V1Alpha2Eip.Type, EntityKey.Of(eip), cancellationToken);
            }
        }
    }

    // Pods that are gone, and a lease that nobody renews: a manager may run outside of the cluster, too.
    private async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await UntilAsync(
            $"the Pods of {Names.Manager} and {Names.Speaker} to end",
            async () => (await client.ListAsync(Pods, new ListOptions { Namespace = options.Namespace, LabelSelector = "app.kubernetes.io/name=porterlb,app.kubernetes.io/component in (manager,speaker)" }, cancellationToken)).Items.Count == 0,
            cancellationToken);
        var key = new EntityKey(options.Namespace, Names.Manager);
        var first = await client.GetAsync(LeaseView.Type, key, cancellationToken);
        for (var since = time.GetTimestamp(); first is not null && !string.IsNullOrEmpty(first.Spec.HolderIdentity) && time.GetElapsedTime(since) < LeaseWatch;)
        {
            await Task.Delay(Pace, time, cancellationToken);
            var now = await client.GetAsync(LeaseView.Type, key, cancellationToken);
            if (now is null || string.IsNullOrEmpty(now.Spec.HolderIdentity))
            {
                return;
            }

            if (now.Spec.RenewTime != first.Spec.RenewTime)
            {
                throw new OperatorException(
                    $"A manager still runs: {now.Spec.HolderIdentity} renews its lease, and would put back what is taken away. Stop it, and run this again.");
            }
        }
    }

    private async Task UntilAsync(string what, Func<Task<bool>> condition, CancellationToken cancellationToken)
    {
        for (var since = time.GetTimestamp(); !await condition();)
        {
            if (time.GetElapsedTime(since) > Patience)
            {
                throw new OperatorException($"Waited {Patience.TotalSeconds:0} s for {what}. Look what holds them, and run this again: what was done stays done.");
            }

            await Task.Delay(Pace, time, cancellationToken);
        }
    }
}
