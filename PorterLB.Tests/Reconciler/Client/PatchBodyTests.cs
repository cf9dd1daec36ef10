using System.Text;
using k8s.Models;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Client;

public class PatchBodyTests
{
    private static readonly ConfigMap Entity = new()
    {
        Metadata = new V1ObjectMeta { Name = "a", NamespaceProperty = "default", Uid = "u-1", ResourceVersion = "7" },
    };

    [Fact]
    public void A_merge_patch_holds_for_one_version_of_one_object() => Assert.Equal(
        """{"metadata":{"name":"a","namespace":"default","uid":"u-1","resourceVersion":"7"},"status":true}""",
        Text(PatchBody.Of(PatchKind.Merge, ConfigMap.EntityType, Entity, status: json => json.WriteBooleanValue(true))));

    [Fact]
    public void An_apply_also_says_what_it_is_of_and_metadata_stand_beside_the_preconditions() => Assert.Equal(
        """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"default","uid":"u-1","resourceVersion":"7","labels":null}}""",
        Text(PatchBody.Of(PatchKind.Apply, ConfigMap.EntityType, Entity, metadata: json => json.WriteNull("labels"))));

    [Fact]
    public void A_JSON_patch_has_no_body() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => PatchBody.Of(PatchKind.Json, ConfigMap.EntityType, Entity));

    private static string Text(ReadOnlyMemory<byte> body) => Encoding.UTF8.GetString(body.Span);
}
