using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Client;

public class PooledStringsTests
{
    [Fact]
    public void What_many_objects_have_in_common_is_held_once()
    {
        var one = Read("""{"metadata":{"name":"a","namespace":"shop","labels":{"app.kubernetes.io/name":"web"}},"data":{"value":"same"}}""");
        var other = Read("""{"metadata":{"name":"b","namespace":"shop","labels":{"app.kubernetes.io/name":"web"}},"data":{"value":"same"}}""");
        Assert.Same(one.Metadata.NamespaceProperty, other.Metadata.NamespaceProperty);
        Assert.Same(one.Metadata.Labels.Keys.Single(), other.Metadata.Labels.Keys.Single());
        Assert.Same(one.Metadata.Labels.Values.Single(), other.Metadata.Labels.Values.Single());
        Assert.Same(one.Data!["value"], other.Data!["value"]);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("true")]
    public void What_is_no_text_is_refused_although_a_text_looks_the_same(string value)
    {
        Assert.Equal(value, Read($$$"""{"metadata":{"name":"a"},"data":{"value":"{{{value}}}"}}""").Data!["value"]);
        Assert.Throws<JsonException>(() => Read($$$"""{"metadata":{"name":"a"},"data":{"value":{{{value}}}}}"""));
    }

    [Fact]
    public void Every_text_is_read_as_it_was_written() =>
        Gen.String.Array[0, 200].Sample(texts =>
        {
            foreach (var text in texts)
            {
                var json = JsonSerializer.Serialize(ConfigMap.Named("a", "1", text), TestJsonContext.Default.ConfigMap);
                var expected = JsonSerializer.Deserialize(json, TestJsonContext.Default.ConfigMap)!.Data!["value"];
                Assert.Equal(expected, Read(json).Data!["value"]);
            }
        });

    private static ConfigMap Read(string json) => EntityReader.Read(ConfigMap.EntityType, new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(json)));
}
