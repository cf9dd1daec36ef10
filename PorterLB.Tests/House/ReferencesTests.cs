using System.Reflection;
using PorterLB.Speaker;

namespace PorterLB.Tests.House;

/// <summary>Dependencies point one way: the compiler proves what each project may know (docs/concepts/architecture.md).</summary>
public class ReferencesTests
{
    private static readonly Assembly Speaker = typeof(MacAddress).Assembly;
    private static readonly Assembly Reconciler = Assembly.Load("PorterLB.Reconciler");
    private static readonly Assembly Operator = Assembly.Load("porterlb");
    private static readonly Assembly Lab = Assembly.Load("porterlb-lab");

    [Fact]
    public void The_speaker_references_nothing_of_ours_and_no_Kubernetes_package() =>
        Assert.DoesNotContain(NamesReferencedBy(Speaker), name => IsOurs(name) || IsKubernetes(name));

    [Fact]
    public void The_speaker_needs_no_web_server() =>
        Assert.DoesNotContain(NamesReferencedBy(Speaker), name => name.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal));

    [Fact]
    public void The_reconciler_references_nothing_of_ours() =>
        Assert.DoesNotContain(NamesReferencedBy(Reconciler), IsOurs);

    [Fact]
    public void The_reconciler_knows_no_packets() =>
        Assert.DoesNotContain(NamesReferencedBy(Reconciler), name => name is "SharpPcap" or "PacketDotNet");

    [Fact]
    public void The_operator_knows_no_bytes_of_packets() =>
        Assert.DoesNotContain(NamesReferencedBy(Operator), name => name is "SharpPcap" or "PacketDotNet");

    [Fact]
    public void The_lab_runs_porterlb_from_outside() =>
        Assert.DoesNotContain(NamesReferencedBy(Lab), name => IsOurs(name) || IsKubernetes(name));

    [Fact]
    public void No_type_is_a_drawer_for_odds_and_ends()
    {
        string[] banned = ["Util", "Utils", "Utilities", "Helper", "Helpers", "Misc", "Common", "Stuff"];
        var offenders =
            from assembly in new[] { Speaker, Reconciler, Operator, Lab }
            from type in assembly.GetTypes()
            where banned.Any(word => type.Name.EndsWith(word, StringComparison.Ordinal)
                || type.Namespace?.Split('.').Contains(word, StringComparer.Ordinal) == true)
            where type.Namespace?.StartsWith("PorterLB", StringComparison.Ordinal) == true
            select type.FullName;
        Assert.Empty(offenders);
    }

    private static IEnumerable<string> NamesReferencedBy(Assembly assembly) =>
        assembly.GetReferencedAssemblies().Select(reference => reference.Name!);

    private static bool IsOurs(string name) => name.StartsWith("PorterLB", StringComparison.Ordinal) || name is "porterlb" or "porterlb-lab";

    private static bool IsKubernetes(string name) => name.Contains("Kubernetes", StringComparison.Ordinal) || name.StartsWith("k8s", StringComparison.Ordinal);
}
