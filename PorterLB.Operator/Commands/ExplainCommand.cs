using System.CommandLine;
using System.Net;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Overview;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Entities;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb explain</c>: why a Service has no address, or no answer.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var options = new UserOptions();
        var what = new Argument<string>("service-or-address") { Description = "A Service (NAME, NAMESPACE/NAME), or an address." };
        var @namespace = UserOptions.Namespace();
        @namespace.Description = "The namespace of the Service, if it is not said before a slash; default is default.";
        var output = UserOptions.Output();
        return UserCommand.Of(
            new Command("explain", "Tell step by step why a Service has no address, or why nobody answers for it.") { what, @namespace, output },
            options,
            async (result, client, time, cancellationToken) =>
            {
                var picture = await options.ReadAsync(client, result, time, cancellationToken);
                var steps = await StepsAsync(picture, client, result.GetRequiredValue(what), result.GetValue(@namespace), cancellationToken);
                var @out = result.InvocationConfiguration.Output;
                if (result.GetValue(output) == UserOptions.Json)
                {
                    UserOptions.Print(@out, steps, OverviewJsonContext.Default.IReadOnlyListStep);
                }
                else
                {
                    foreach (var step in steps)
                    {
                        await @out.WriteLineAsync($"{(step.IsGood ? "ok" : "! ")}  {step.Text}");
                    }
                }

                return steps.All(step => step.IsGood) ? 0 : 1;
            });
    }

    /// <summary>The Services that a user means: by name, or by an address that they have.</summary>
    public static IReadOnlyList<ServiceView> Find(ClusterPicture picture, string what, string? @namespace)
    {
        if (IPAddress.TryParse(what, out var address))
        {
            return [.. picture.Services.Where(service => ServiceRequest.AddressesOf(service).Contains(address))];
        }

        var slash = what.IndexOf('/', StringComparison.Ordinal);
        var (space, name) = slash < 0 || what[..slash] is "service" or "services" or "svc" ? (@namespace ?? "default", what[(slash + 1)..]) : (what[..slash], what[(slash + 1)..]);
        return picture.Services.FirstOrDefault(service => service.Metadata.NamespaceProperty == space && service.Metadata.Name == name) is { } found
            ? [found]
            : throw new OperatorException($"There is no Service '{space}/{name}'. Name it as NAMESPACE/NAME, or say its namespace with -n.");
    }

    /// <summary>Where a Service has endpoints.</summary>
    public static async Task<IReadOnlyList<EndpointPlace>> EndpointsAsync(IKubernetesClient client, ServiceView service, CancellationToken cancellationToken)
    {
        foreach (var type in (EntityType<EndpointsView>[])[EndpointsView.SliceV1, EndpointsView.SliceV1Beta1, EndpointsView.Core])
        {
            try
            {
                var all = await client.ListAsync(type, new ListOptions { Namespace = service.Metadata.NamespaceProperty }, cancellationToken);
                return [.. all.Items.Select(type.Transform!).Where(view => view.Service == EntityKey.Of(service)).SelectMany(view => view.Places)];
            }
            catch (ApiException exception) when (exception.IsNotFound)
            {
                // An older server has the next.
            }
        }

        return [];
    }

    private static async Task<IReadOnlyList<Step>> StepsAsync(
        ClusterPicture picture, IKubernetesClient client, string what, string? @namespace, CancellationToken cancellationToken)
    {
        var services = Find(picture, what, @namespace);
        if (services.Count == 0)
        {
            return [Explanation.OfFree(picture, IPAddress.Parse(what))];
        }

        var steps = new List<Step>();
        foreach (var service in services)
        {
            steps.AddRange(Explanation.Of(picture, service, await EndpointsAsync(client, service, cancellationToken)));
        }

        return steps;
    }
}
