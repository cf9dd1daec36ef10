using System.CommandLine;
using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Commands;

/// <summary>A command for people that talks to the cluster once and ends.</summary>
internal static class UserCommand
{
    /// <summary>Makes a command out of what it does with a connected client.</summary>
    /// <param name="command">The command, with its own options.</param>
    /// <param name="options">The common ones; added here.</param>
    /// <param name="run">Returns the exit code.</param>
    public static Command Of(Command command, UserOptions options, Func<ParseResult, IKubernetesClient, TimeProvider, CancellationToken, Task<int>> run)
    {
        foreach (var option in options.Connection.Concat(options.Ownership))
        {
            command.Add(option);
        }

        command.SetAction((result, cancellationToken) => Running.GuardAsync(
            $"porterlb {command.Name}",
            result.InvocationConfiguration.Error,
            async () =>
            {
                // The composition root of the commands: the one place that chooses the clock.
#pragma warning disable RS0030
                var time = TimeProvider.System;
#pragma warning restore RS0030
                using var connection = options.Connect(result);
                return await run(result, new KubernetesClient(connection, time), time, cancellationToken);
            }));
        return command;
    }
}
