using System.Reflection;
using PorterLB.Operator.Entities;
using PorterLB.Reconciler.Client;
using PorterLB.Reconciler.Hosting;

namespace PorterLB.Operator.Commands;

/// <summary>Runs a program until it is told to stop, and ends it with one sentence when it cannot go on.</summary>
internal static class Running
{
    /// <summary>The version that was built, without the commit.</summary>
    public static string Version { get; } =
        typeof(Running).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>The exit code for flags that make no sense.</summary>
    public const int WrongUsage = 2;

    /// <returns>0 after a stop that was asked for, 1 when something kept it from running, 2 for wrong flags.</returns>
    public static async Task<int> GuardAsync(string program, TextWriter error, Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception exception) when (Sentence(exception) is { } sentence)
        {
            await error.WriteLineAsync($"{program}: {sentence}");
            return exception is ArgumentException ? WrongUsage : 1;
        }
    }

    /// <summary>Waits for the API server, and finds out what it is.</summary>
    public static async Task<ServerFeatures> DiscoverAsync(
        string program, TextWriter error, KubernetesConnection connection, TimeProvider time, CancellationToken cancellationToken) =>
        new(await ServerFeatures.VersionOfAsync(
            new KubernetesClient(connection, time),
            problem => error.WriteLineAsync($"{program}: {problem}. Trying again; if it stays so, check --kubeconfig (or KUBECONFIG)."),
            time,
            cancellationToken));

    private static string? Sentence(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions.Count: 1 } aggregate => Sentence(aggregate.InnerExceptions[0]),
        KubernetesConnectionException or OperatorException => exception.Message,
        HttpRequestException or TimeoutException => $"{exception.Message.TrimEnd('.')}. Check --kubeconfig (or KUBECONFIG), and that the API server runs.",
        ApiException { IsForbidden: true } => $"{exception.Message.TrimEnd('.')}. Apply config/rbac, or use an identity that may.",
        ApiException { Code: System.Net.HttpStatusCode.Unauthorized } => "The API server does not accept the credentials. Check --kubeconfig (or KUBECONFIG).",
        ApiException => $"The API server refuses: {exception.Message}",
        ArgumentException => exception.Message.Split(" (Parameter")[0],
        OperationCanceledException => "stopped before it had started.",
        _ => null,
    };
}
