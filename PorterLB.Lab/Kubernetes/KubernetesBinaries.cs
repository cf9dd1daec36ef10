using System.Text.RegularExpressions;
using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab.Kubernetes;

/// <summary>The programs of one Kubernetes version.</summary>
/// <param name="Folder">Holds kube-apiserver and, for the full lab, its siblings.</param>
/// <param name="Etcd">The etcd to run under it.</param>
/// <param name="Kubectl">The kubectl to talk to it with.</param>
/// <param name="Minor">20 for Kubernetes 1.20.</param>
public sealed partial record KubernetesBinaries(string Folder, string Etcd, string Kubectl, int Minor)
{
    public string ApiServer => Path.Combine(Folder, "kube-apiserver");

    /// <summary>
    /// Feature gates that Kubernetes 1.20 has and that real clusters of later versions have on: dual stack, Services without node
    /// ports, UDP and TCP on one Service, EndpointSlices that tell node and terminating Pods.
    /// </summary>
    public string? FeatureGates => Minor > 20
        ? null
        : "IPv6DualStack=true,ServiceLBNodePortControl=true,MixedProtocolLBService=true,EndpointSliceNodeName=true,EndpointSliceTerminatingCondition=true";

    /// <summary>
    /// For the light lab: $KUBEBUILDER_ASSETS, where envtest and its kin keep etcd, kube-apiserver and kubectl; else as
    /// <see cref="ForNodesAsync"/>.
    /// </summary>
    public static async Task<KubernetesBinaries> ForApiServerAsync(Action<string> say, CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("KUBEBUILDER_ASSETS") is not { Length: > 0 } assets)
        {
            return await ForNodesAsync(say, cancellationToken);
        }

        if (!File.Exists(Path.Combine(assets, "kube-apiserver")) || !File.Exists(Path.Combine(assets, "etcd")))
        {
            throw new LabException($"KUBEBUILDER_ASSETS is '{assets}', which holds no kube-apiserver and etcd; correct it, or unset it to use Kubernetes {KubernetesBuild.Version}.");
        }

        var version = await new Command(Path.Combine(assets, "kube-apiserver"), "--version").RunAsync(cancellationToken);
        var kubectl = Path.Combine(assets, "kubectl");
        return new KubernetesBinaries(
            assets,
            Path.Combine(assets, "etcd"),
            File.Exists(kubectl) ? kubectl : await FindKubectlAsync(new Toolbox(say), cancellationToken),
            int.Parse(MinorVersion().Match(version).Groups["minor"].Value));
    }

    /// <summary>With kubelet and kube-proxy: from the cache, made once when it is not there.</summary>
    public static async Task<KubernetesBinaries> ForNodesAsync(Action<string> say, CancellationToken cancellationToken)
    {
        var toolbox = new Toolbox(say);
        var folder = await KubernetesBuild.MakeAsync(say, cancellationToken);
        var etcd = await toolbox.UnpackAsync("etcd-server", "is where the API server keeps its objects", cancellationToken);
        return new KubernetesBinaries(folder, Path.Combine(etcd, "usr/bin/etcd"), await FindKubectlAsync(toolbox, cancellationToken), 20);
    }

    /// <summary>Debian's kubectl 1.20: the oldest one that must be able to apply what this project ships.</summary>
    public static async Task<string> OldKubectlAsync(Action<string> say, CancellationToken cancellationToken) =>
        Path.Combine(
            await new Toolbox(say).UnpackAsync("kubernetes-client", "is the oldest kubectl that must work with PorterLB", cancellationToken),
            "usr/bin/kubectl");

    /// <summary>A kubectl of today: the one on the PATH if it is 1.30 or later, else Debian 13's.</summary>
    public static async Task<string> NewKubectlAsync(Action<string> say, CancellationToken cancellationToken)
    {
        if (Tool.Find("kubectl") is { } found
            && MinorVersion().Match((await new Command(found, "version", "--client").TryRunAsync(cancellationToken)).Output) is { Success: true } version
            && int.Parse(version.Groups["minor"].Value) >= 30)
        {
            return found;
        }

        var folder = await CacheFolder.MakeOnceAsync(
            "packages/kubectl",
            async folder =>
            {
                say("Unpacking kubectl of Debian 13 into the cache, not installing it: it is the kubectl of today that must work with PorterLB.");
                await DebianMirror.FetchAsync("trixie", "kubectl", folder, cancellationToken);
                var archive = Directory.GetFiles(folder, "*.deb").Single();
                await new Command("dpkg", "-x", archive, folder).RunAsync(cancellationToken);
                File.Delete(archive);
                Directory.Delete(Path.Combine(folder, "apt"), recursive: true);
            },
            say,
            cancellationToken);
        return Path.Combine(folder, "usr/bin/kubectl");
    }

    private static async Task<string> FindKubectlAsync(Toolbox toolbox, CancellationToken cancellationToken)
    {
        // A kubectl on the PATH may be a wrapper that needs what is not here: take it only when it runs.
        if (Tool.Find("kubectl") is { } found
            && (await new Command(found, "version", "--client", "-o", "json").TryRunAsync(cancellationToken)).Succeeded)
        {
            return found;
        }

        var folder = await toolbox.UnpackAsync("kubernetes-client", "has kubectl, and this machine has none that runs", cancellationToken);
        return Path.Combine(folder, "usr/bin/kubectl");
    }

    [GeneratedRegex(@"v1\.(?<minor>\d+)\.", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MinorVersion();
}
