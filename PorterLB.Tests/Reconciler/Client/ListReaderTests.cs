using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using PorterLB.Reconciler.Caching;
using PorterLB.Reconciler.Client;

namespace PorterLB.Tests.Reconciler.Client;

public sealed class ListReaderTests
{
    private const string List =
        """
        {"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"77","continue":"more"},"items":[
          {"metadata":{"name":"a","namespace":"default","uid":"u","resourceVersion":"5","labels":{"name":"x"}},"data":{"value":"é\"]}"}},
          {"metadata":{"name":"b","namespace":"default","resourceVersion":"6"},"data":{"value":7}},
          {"data":{"value":"late"},"metadata":{"labels":{"resourceVersion":"1"},"resourceVersion":"8","name":"c","namespace":"default"}},
          null
        ],"extra":[{"items":[1,2]},null]}
        """;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100_000)]
    public async Task However_a_list_arrives_it_says_the_same(int piece)
    {
        var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, known: null);
        await ReadAsync(reader, List, piece);
        Assert.Equal("more", reader.Continue);
        Assert.Equal("77", reader.List.ResourceVersion);
        Assert.Equal([("a", "é\"]}"), ("c", "late")], reader.List.Items.Select(item => (item.Metadata.Name, item.Data!["value"])));
        Assert.Equal(["b", ""], reader.List.Unreadable.Select(item => item.Key.Name));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task What_is_known_in_the_version_that_it_has_is_not_read_again(int piece)
    {
        var known = new Dictionary<EntityKey, ConfigMap>
        {
            [new("default", "a")] = ConfigMap.Named("a", "5", "as it was read"),
            [new("default", "b")] = ConfigMap.Named("b", "6", "not even what is wrong by now"),
            [new("default", "c")] = ConfigMap.Named("c", "7", "older"),
        };
        var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, known.GetValueOrDefault);
        await ReadAsync(reader, List, piece);
        Assert.Same(known[new("default", "a")], reader.List.Items[0]);
        Assert.Same(known[new("default", "b")], reader.List.Items[1]);
        Assert.Equal("late", reader.List.Items[2].Data!["value"]);
    }

    [Fact]
    public async Task Pages_follow_each_other_and_the_last_ones_version_counts()
    {
        var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, known: null);
        await ReadAsync(reader, List, 64);
        await ReadAsync(reader, """{"items":[{"metadata":{"name":"d","namespace":"default"}}],"metadata":{"resourceVersion":"78"}} """, 64);
        Assert.Null(reader.Continue);
        Assert.Equal("78", reader.List.ResourceVersion);
        Assert.Equal(["a", "c", "d"], reader.List.Items.Select(item => item.Metadata.Name));
    }

    [Theory]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":null}""", 0)]
    [InlineData("""{"items":[],"metadata":{"resourceVersion":"1"}}""", 0)]
    public async Task A_list_of_nothing_is_a_list(string json, int count)
    {
        var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, known: null);
        await ReadAsync(reader, json, 3);
        Assert.Equal(count, reader.List.Items.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("not found")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":{}}""")]
    [InlineData("""{"metadata":{},"items":[]}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":[]""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}}""")]
    [InlineData("""{"metadata":{"resourceVersion":"1"},"items":[]} and more""")]
    public async Task What_is_no_list_is_refused(string json)
    {
        var known = new Dictionary<EntityKey, ConfigMap>();
        foreach (var piece in (int[])[1, 100_000])
        {
            var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, known.GetValueOrDefault);
            await Assert.ThrowsAnyAsync<JsonException>(() => ReadAsync(reader, json, piece));
        }
    }

    [Fact]
    public async Task Every_list_that_is_cut_is_refused()
    {
        var bytes = Encoding.UTF8.GetBytes(List);
        for (var length = 0; length < bytes.Length - 1; length++)
        {
            var reader = new ListReader<ConfigMap>(ConfigMap.EntityType, _ => null);
            await Assert.ThrowsAnyAsync<JsonException>(() => reader.ReadPageAsync(PipeReader.Create(new MemoryStream(bytes, 0, length)), CancellationToken.None));
        }
    }

    private static Task<string?> ReadAsync(ListReader<ConfigMap> reader, string json, int piece) =>
        reader.ReadPageAsync(PipeReader.Create(new InPieces(Encoding.UTF8.GetBytes(json), piece), new(bufferSize: 16, minimumReadSize: 1)), CancellationToken.None);

    private sealed class InPieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
