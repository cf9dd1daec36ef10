namespace PorterLB.Operator.Access;

/// <summary>Names of objects in the cluster that the manifests and the running programs must agree on.</summary>
internal static class Names
{
    public const string Product = "porterlb";

    /// <summary>The manager's Deployment, ServiceAccount, roles and Lease.</summary>
    public const string Manager = "porterlb-manager";

    /// <summary>The speaker's DaemonSet, ServiceAccount and roles. Leases are <c>porterlb-&lt;node&gt;</c>.</summary>
    public const string Speaker = "porterlb-speaker";

    public const string Namespace = "porterlb-system";

    /// <summary>The Secret with the keys that sign hellos.</summary>
    public const string HelloKeys = "porterlb-speakers";

    /// <summary>The Service before the admission server, and the Secret with its certificates.</summary>
    public const string Webhook = "porterlb-webhook";

    /// <summary>The ValidatingWebhookConfiguration.</summary>
    public const string WebhookConfiguration = "porterlb";

    /// <summary>The ValidatingAdmissionPolicy of config/components/speakers-by-node, and its binding.</summary>
    public const string SpeakersByNode = "porterlb-speakers-by-node";

    public const string Image = "porterlb:dev";

    /// <summary>Where a speaker keeps what must survive its process.</summary>
    public const string StateFolder = "/var/run/porterlb";

    public const int WebhookPort = 9443;
    public const int ManagerMetricsPort = 8080;
    public const int ManagerHealthPort = 8081;
    public const int SpeakerMetricsPort = 7472;
    public const int SpeakerHealthPort = 7473;
}
