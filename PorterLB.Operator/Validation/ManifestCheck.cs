using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Validation;

/// <summary>Something to say about an object of a file.</summary>
internal sealed record ManifestFinding(ManifestDocument Document, Finding Finding)
{
    public int Line => Document.LineOf(Finding.Field);

    public string Object => Document.Kind == "Service" ? $"Service '{Document.Namespace}/{Document.Name}'" : $"{Document.Kind} '{Document.Name}'";
}

/// <summary>
/// Judges the objects of files by the webhooks' own rules, without a cluster: each as it would be told at <c>kubectl apply</c> when those
/// before it are there.
/// </summary>
internal sealed class ManifestCheck
{
    public static readonly Rule Shape = new("shape", FluentValidation.Severity.Error, "Every field exists and is of its type.") { Examples = [] };
    public static readonly Rule NotServed = new("not-served", FluentValidation.Severity.Error, "The kind is one that PorterLB serves.") { Examples = [] };

    private readonly Ownership _ownership;
    private readonly List<V1Alpha2Eip> _eips = [];
    private readonly List<V1Alpha2LayerTwoConfig> _configs = [];
    private readonly List<ServiceView> _services = [];
    private readonly List<NodeView> _nodes = [];
    private readonly List<V1Alpha2Speaker> _speakers = [];
    private readonly bool _whole;

    /// <param name="ownership">Which Services are ours.</param>
    /// <param name="whole">Whether what is given is all that there is in the cluster.</param>
    public ManifestCheck(Ownership ownership, bool whole = false)
    {
        _ownership = ownership;
        _whole = whole;
    }

    /// <summary>How many objects were judged.</summary>
    public int Checked { get; private set; }

    /// <summary>How many were none of ours.</summary>
    public int Others { get; private set; }

    /// <summary>Judges all; what one file says counts for the others, in whatever order they come.</summary>
    public IEnumerable<ManifestFinding> Check(IReadOnlyList<ManifestDocument> documents)
    {
        // Services are judged by the Eips of all files: a user applies a folder, and looks at the end.
        foreach (var document in documents.OrderBy(document => document.Kind == "Service"))
        {
            foreach (var finding in Judge(document, deleting: false))
            {
                yield return new ManifestFinding(document, finding);
            }
        }
    }

    /// <summary>Takes an object for one that is in the cluster, with its status.</summary>
    public void Give(ManifestDocument document)
    {
        switch (document.Kind)
        {
            case "Eip" when Read(document, OperatorJsonContext.Default.V1Alpha2Eip) is { } eip:
                _eips.Add(eip);
                break;
            case "LayerTwoConfig" when Read(document, OperatorJsonContext.Default.V1Alpha2LayerTwoConfig) is { } config:
                _configs.Add(config);
                break;
            case "Service" when ReadService(document) is { } service:
                _services.Add(service);
                break;
            case "Node" when Read(document, OperatorJsonContext.Default.NodeView) is { } node:
                _nodes.Add(node);
                break;
            case "Speaker" when Read(document, OperatorJsonContext.Default.V1Alpha2Speaker) is { } speaker:
                _speakers.Add(speaker);
                break;
        }
    }

    /// <summary>What is said of one object, after which it counts as there.</summary>
    public IReadOnlyList<Finding> Judge(ManifestDocument document, bool deleting)
    {
        var ours = document.ApiVersion.StartsWith(Api.Group + "/", StringComparison.Ordinal);
        if (!ours && (document.ApiVersion, document.Kind) is not ("v1", "Service"))
        {
            Others++;
            return [];
        }

        Checked++;
        if (ours && document.Kind is not ("Eip" or "LayerTwoConfig"))
        {
            return [new Finding(NotServed, "kind", document.Kind switch
            {
                "BgpConf" or "BgpPeer" => $"'{document.Kind}' is OpenELB's and not PorterLB's, which announces addresses on layer 2 only. Leave it out.",
                "Speaker" => "'Speaker' is written by the speakers. There is nothing to apply.",
                _ => $"'{document.Kind}' is no kind of {Api.Group}. Write Eip or LayerTwoConfig.",
            })];
        }

        if (document.Name.Length == 0)
        {
            return [new Finding(Shape, "metadata.name", "is missing. Give the object a name.")];
        }

        var (type, options) = document.Kind == "Eip" ? (typeof(V1Alpha2EipSpec), OperatorJsonContext.Default.Options) : (typeof(V1Alpha2LayerTwoConfigSpec), OperatorJsonContext.Default.Options);
        var shape = document.Kind == "Service" ? [] : ManifestShape.Check(document.Json["spec"], type, "spec", options)
            .Select(problem => new Finding(IsDuration(problem.Message) ? Rules.LayerTwoUnreadable : Shape, problem.Field, problem.Message.TrimEnd('.') + (problem.Message.EndsWith('?') ? "" : ".")))
            .ToArray();
        if (shape.Length > 0)
        {
            return shape;
        }

        var around = new Surroundings
        {
            Eips = _eips,
            Configs = _configs,
            Services = _services,
            Nodes = _whole ? _nodes : null,
            Speakers = _whole ? _speakers : null,
            Namespaces = _whole ? [.. ((string[])["default", "kube-system"]).Select(name => new NamespaceView { Metadata = { Name = name } })] : null,
            IsWhole = _whole,
        };
        switch (document.Kind)
        {
            case "Eip" when Read(document, OperatorJsonContext.Default.V1Alpha2Eip) is { } eip:
                var stored = _eips.Find(other => other.Metadata.Name == eip.Metadata.Name);
                var found = deleting ? Judgement.OfEipDelete(stored ?? eip, around) : Judgement.OfEip(stored, eip, around);
                _eips.RemoveAll(other => other.Metadata.Name == eip.Metadata.Name);
                _eips.Add(eip);
                return found;
            case "LayerTwoConfig" when Read(document, OperatorJsonContext.Default.V1Alpha2LayerTwoConfig) is { } config:
                var said = Judgement.OfLayerTwoConfig(_configs.Find(other => other.Metadata.Name == config.Metadata.Name), config, around);
                _configs.RemoveAll(other => other.Metadata.Name == config.Metadata.Name);
                _configs.Add(config);
                return said;
            case "Service" when ReadService(document) is { } service:
                var held = _services.Find(other => EntityKey.Of(other) == EntityKey.Of(service));
                service.Status = held?.Status ?? service.Status;
                var told = Judgement.OfService(held, service, _ownership, around);
                _services.Add(AsGiven(service));
                return told;
            default:
                return [new Finding(Shape, "", "cannot be read. kubectl apply --dry-run=server says more.")];
        }
    }

    private static bool IsDuration(string message) => message.Contains("not a duration", StringComparison.Ordinal);

    // What it asks for it has by the time that the next one is applied.
    private static ServiceView AsGiven(ServiceView service)
    {
        if (ServiceRequest.Of(service, null) is { Requested: { IsEmpty: false } requested })
        {
            service.Status = new() { LoadBalancer = new() { Ingress = [.. requested.Select(address => new ServiceViewIngress { Ip = $"{address}" })] } };
        }

        return service;
    }

    // What the API server fills in, as far as the rules look at it.
    private static ServiceView? ReadService(ManifestDocument document)
    {
        if (Read(document, OperatorJsonContext.Default.ServiceView) is not { } service)
        {
            return null;
        }

        service.Metadata.NamespaceProperty = document.Namespace;
        if (service.Spec.IpFamilyPolicy is "PreferDualStack" or "RequireDualStack" && service.Spec.IpFamilies is not { Count: > 1 })
        {
            service.Spec.IpFamilies = service.Spec.IpFamilies is ["IPv6"] ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"];
        }

        return service;
    }

    private static T? Read<T>(ManifestDocument document, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return document.Json.Deserialize(type);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
