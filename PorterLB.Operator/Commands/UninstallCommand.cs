using System.CommandLine;
using PorterLB.Operator.Overview;

namespace PorterLB.Operator.Commands;

/// <summary><c>porterlb uninstall</c>: takes PorterLB out of the cluster, in the order in which nothing gets stuck; and repairs what did.</summary>
internal static class UninstallCommand
{
    public static Command Create()
    {
        var options = new UserOptions();
        var yes = new Option<bool>("--yes") { Description = "Do it. Without, only what would be done is told." };
        var keepAddresses = new Option<bool>("--keep-addresses") { Description = "Leave the addresses in the Services' status, for another load balancer to take over." };
        var keepConfiguration = new Option<bool>("--keep-config") { Description = "Leave CustomResourceDefinitions, Eips and LayerTwoConfigs." };
        var keepNamespace = new Option<bool>("--keep-namespace") { Description = "Leave the namespace; needed when this runs in it." };
        return UserCommand.Of(
            new Command("uninstall", "Take PorterLB out of the cluster: webhooks, programs, finalizers, annotations, then the rest. Also after a delete that got stuck.")
            {
                yes, keepAddresses, keepConfiguration, keepNamespace,
            },
            options,
            async (result, client, time, cancellationToken) =>
            {
                var output = result.InvocationConfiguration.Output;
                var removal = new Removal(
                    client,
                    new RemovalOptions(result.GetRequiredValue(options.SystemNamespace), result.GetValue(keepAddresses), result.GetValue(keepConfiguration), result.GetValue(keepNamespace)),
                    time,
                    output.WriteLine);
                if (!result.GetValue(yes))
                {
                    await output.WriteLineAsync("This would be done; add --yes to do it:");
                    foreach (var step in await removal.PlanAsync(cancellationToken))
                    {
                        await output.WriteLineAsync($"- {step}");
                    }

                    return 0;
                }

                await removal.RunAsync(cancellationToken);
                await output.WriteLineAsync("PorterLB is gone from this cluster.");
                return 0;
            });
    }
}
