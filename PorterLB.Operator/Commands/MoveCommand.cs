using System.CommandLine;
using System.Net;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Overview;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb move</c>: hands an address to another node, without loss.</summary>
internal static class MoveCommand
{
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan WriteAgain = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var options = new UserOptions();
        var what = new Argument<string>("service-or-address") { Description = "A Service (NAME, NAMESPACE/NAME) with all its addresses, or one address." };
        var node = new Argument<string>("node") { Description = "The node that shall answer." };
        var @namespace = UserOptions.Namespace();
        @namespace.Description = "The namespace of the Service, if it is not said before a slash; default is default.";
        var timeout = Flags.Time("--timeout", "MOVE_TIMEOUT", TimeSpan.FromSeconds(15), "How long to wait until the node answers.");
        return UserCommand.Of(
            new Command("move", "Hand an address to another node. Its present node answers until the other does: nothing is lost but TCP connections under way.") { what, node, @namespace, timeout },
            options,
            async (result, client, time, cancellationToken) =>
            {
                var picture = await options.ReadAsync(client, result, time, cancellationToken);
                var wanted = new Wanted(result.GetRequiredValue(what), result.GetRequiredValue(node), result.GetValue(@namespace));
                var (service, addresses) = Find(picture, wanted);
                var output = result.InvocationConfiguration.Output;
                if (addresses.All(address => Answers(picture, address, wanted.Node)))
                {
                    await output.WriteLineAsync($"{string.Join(" and ", addresses)}: node {wanted.Node} answers already.");
                    return 0;
                }

                await RefuseAsync(client, picture, service, addresses, wanted.Node, cancellationToken);
                if (Move.IsElected(service, addresses, wanted.Node) && addresses.SelectMany(address => picture.AnnouncementsOf(address)).FirstOrDefault(item => item.Node != wanted.Node) is { } other)
                {
                    await output.WriteLineAsync($"Node {wanted.Node} is elected, and {other.Node} took over from it. The move waits until the manager has adopted {other.Node}.");
                }

                var since = time.GetTimestamp();
                long? written = null;
                do
                {
                    // What the manager writes at the same time, the adoption of who took over, may undo it.
                    if (!Move.IsElected(service, addresses, wanted.Node) && (written is not { } at || time.GetElapsedTime(at) >= WriteAgain))
                    {
                        await RefuseAsync(client, picture, service, addresses, wanted.Node, cancellationToken);
                        await WriteAsync(client, service, addresses, wanted.Node, cancellationToken);
                        written = time.GetTimestamp();
                    }

                    await Task.Delay(Pace, time, cancellationToken);
                    picture = await options.ReadAsync(client, result, time, cancellationToken);
                    if (addresses.All(address => Answers(picture, address, wanted.Node)))
                    {
                        await output.WriteLineAsync($"{string.Join(" and ", addresses)}: node {wanted.Node} answers.");
                        return 0;
                    }

                    service = picture.Services.FirstOrDefault(item => item.Metadata.Uid == service.Metadata.Uid)
                        ?? throw new OperatorException($"Service '{EntityKey.Of(service)}' was deleted meanwhile.");
                }
                while (time.GetElapsedTime(since) < result.GetValue(timeout));

                throw new OperatorException(
                    $"Node '{wanted.Node}' does not answer for {string.Join(" and ", addresses)} after {result.GetValue(timeout).TotalSeconds:0} s. porterlb explain {EntityKey.Of(service)} says more.");
            });
    }

    private static async Task RefuseAsync(
        IKubernetesClient client, ClusterPicture picture, ServiceView service, IReadOnlyList<IPAddress> addresses, string node, CancellationToken cancellationToken)
    {
        if (Move.Obstacle(picture, service, addresses, node, await ExplainCommand.EndpointsAsync(client, service, cancellationToken)) is { } obstacle)
        {
            throw new OperatorException(obstacle);
        }
    }

    private static bool Answers(ClusterPicture picture, IPAddress address, string node) =>
        picture.AnnouncementsOf(address) is [{ } only] && only.Node == node;

    private static (ServiceView Service, IReadOnlyList<IPAddress> Addresses) Find(ClusterPicture picture, Wanted wanted)
    {
        var found = ExplainCommand.Find(picture, wanted.What, wanted.Namespace);
        if (found.Count == 0)
        {
            throw new OperatorException($"No Service has the address {wanted.What}. porterlb status lists those that are in use.");
        }

        var service = found[0];
        if (!picture.Ownership.Owns(service))
        {
            throw new OperatorException($"Service '{EntityKey.Of(service)}' is not served by PorterLB. porterlb explain {EntityKey.Of(service)} says why.");
        }

        IReadOnlyList<IPAddress> addresses = IPAddress.TryParse(wanted.What, out var one) ? [one] : ServiceRequest.AddressesOf(service);
        return addresses.Count > 0 ? (service, addresses)
            : throw new OperatorException($"Service '{EntityKey.Of(service)}' has no address that could move. porterlb explain {EntityKey.Of(service)} says why.");
    }

    // The manager may write the Service at the same moment.
    private static async Task WriteAsync(IKubernetesClient client, ServiceView service, IReadOnlyList<IPAddress> addresses, string node, CancellationToken cancellationToken)
    {
        for (var left = 5; ; left--)
        {
            try
            {
                await Move.WriteAsync(client, service, addresses, node, cancellationToken);
                return;
            }
            catch (ApiException exception) when (exception.IsConflict && left > 0)
            {
                service = await client.GetAsync(ServiceView.Type, EntityKey.Of(service), cancellationToken)
                    ?? throw new OperatorException($"Service '{EntityKey.Of(service)}' was deleted meanwhile.");
            }
        }
    }

    private sealed record Wanted(string What, string Node, string? Namespace);
}
