using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PorterLB.Operator.Access;
using PorterLB.Operator.Overview;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Client;

namespace PorterLB.Operator.Commands;

/// <summary>What the commands for people have in common: how they reach the cluster, as kubectl does, and what they print.</summary>
internal sealed class UserOptions
{
    public const string Json = "json";

    public Option<string> Kubeconfig { get; } = new("--kubeconfig") { Description = "How to reach the API server [KUBECONFIG, default ~/.kube/config]." };

    public Option<string> Context { get; } = new("--context") { Description = "The context of the kubeconfig; its current one if not given." };

    public Option<string> SystemNamespace { get; } = Flags.Text("--system-namespace", "PORTERLB_NAMESPACE", Names.Namespace, "Where PorterLB is installed.");

    public Option<string> Class { get; } = Flags.Text("--load-balancer-class", "LOAD_BALANCER_CLASS", ManagerSettings.DefaultClass, "The manager's flag, if it has one.");

    public Option<bool> IsDefault { get; } = Flags.Switch("--default-load-balancer", "DEFAULT_LOAD_BALANCER", @default: false, "The manager's flag, if it has it.");

    public IEnumerable<Option> Connection => [Kubeconfig, Context, SystemNamespace];

    public IEnumerable<Option> Ownership => [Class, IsDefault];

    public static Option<string> Output() => Add(new Option<string>("--output", "-o") { Description = "json, for programs." }, Json);

    public static Option<string> Namespace() => new("--namespace", "-n") { Description = "The namespace of the Service; of all if not given." };

    public Ownership OwnershipOf(ParseResult result) => new(result.GetRequiredValue(Class), result.GetValue(IsDefault));

    public KubernetesConnection Connect(ParseResult result) =>
        KubernetesConnection.Create(KubeconfigOf(result), $"porterlb/{Running.Version}", string.IsNullOrEmpty(result.GetValue(Context)) ? null : result.GetValue(Context));

    public Task<ClusterPicture> ReadAsync(IKubernetesClient client, ParseResult result, TimeProvider time, CancellationToken cancellationToken) =>
        ClusterPicture.ReadAsync(client, OwnershipOf(result), result.GetRequiredValue(SystemNamespace), time, cancellationToken);

    public static void Print<T>(TextWriter output, T value, JsonTypeInfo<T> type) => output.WriteLine(JsonSerializer.Serialize(value, type));

    // As kubectl: the flag, the variable, the file in the home folder, the Pod's own account.
    private string? KubeconfigOf(ParseResult result)
    {
        if (result.GetValue(Kubeconfig) is { Length: > 0 } named)
        {
            return named;
        }

        if (Environment.GetEnvironmentVariable("KUBECONFIG") is { Length: > 0 } variable)
        {
            return variable;
        }

        var own = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".kube", "config");
        return File.Exists(own) ? own : null;
    }

    private static Option<string> Add(Option<string> option, params string[] values)
    {
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } value && !values.Contains(value, StringComparer.Ordinal))
            {
                result.AddError($"--output is '{value}'; use {string.Join(" or ", values)}, or leave it out.");
            }
        });
        return option;
    }
}
