using CsCheck;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Tests.Reconciler.Caching;

public class StoreTests
{
    private static readonly IReadOnlySet<EntityKey> None = new HashSet<EntityKey>();

    [Fact]
    public void An_index_finds_objects_by_each_of_their_values_and_forgets_old_ones()
    {
        var store = NewStore();
        Set(store, "a", "x,y");
        Set(store, "b", "y");
        Assert.Equal(["a", "b"], Found(store, "y"));
        Set(store, "a", "x");
        Assert.Equal(["b"], Found(store, "y"));
        Assert.Equal(["a"], Found(store, "x"));
        store.Remove(Key("a"));
        Assert.Empty(Found(store, "x"));
    }

    [Fact]
    public void An_index_that_does_not_exist_is_named() =>
        Assert.Throws<ArgumentException>(() => NewStore().ByIndex("nothing", "x"));

    [Fact]
    public void A_replacement_keeps_what_is_to_be_kept()
    {
        var store = NewStore();
        Set(store, "kept", "x");
        Set(store, "gone", "x");
        var deltas = store.Replace([], new HashSet<EntityKey> { Key("kept") });
        Assert.Equal("gone", Assert.Single(deltas).Old!.Metadata.Name);
        Assert.Equal(["kept"], Found(store, "x"));
    }

    [Fact]
    public void An_unchanged_store_gives_the_same_snapshot()
    {
        var store = NewStore();
        Set(store, "a", "x");
        Assert.Same(store.List(), store.List());
    }

    /// <summary>Whatever is set, removed and replaced, indexes and list say the same as a search through all objects.</summary>
    [Fact]
    public void Indexes_never_differ_from_a_search()
    {
        var operation =
            from kind in Gen.Int[0, 2]
            from name in Gen.Char['a', 'e']
            from value in Gen.Char['x', 'z'].Array[0, 3]
            select (kind, name: $"{name}", value: string.Join(',', value.Distinct()));
        operation.Array[0, 50].Sample(operations =>
        {
            var store = NewStore();
            var model = new Dictionary<string, string>();
            var version = 0;
            foreach (var (kind, name, value) in operations)
            {
                switch (kind)
                {
                    case 0:
                        store.Set(Key(name), ConfigMap.Named(name, $"{++version}", value));
                        model[name] = value;
                        break;
                    case 1:
                        store.Remove(Key(name));
                        model.Remove(name);
                        break;
                    case 2:
                        store.Replace([ConfigMap.Named(name, $"{++version}", value)], None);
                        model.Clear();
                        model[name] = value;
                        break;
                }

                Assert.Equal(model.Keys.Order(), store.List().Select(item => item.Metadata.Name).Order());
                foreach (var wanted in new[] { "x", "y", "z" })
                {
                    Assert.Equal(model.Where(pair => pair.Value.Split(',').Contains(wanted)).Select(pair => pair.Key).Order(), Found(store, wanted));
                }
            }
        });
    }

    private static Store<ConfigMap> NewStore() => new(new Dictionary<string, Func<ConfigMap, IEnumerable<string>>>
    {
        ["values"] = item => item.Data?["value"].Split(',') ?? [],
    });

    private static void Set(Store<ConfigMap> store, string name, string value) => store.Set(Key(name), ConfigMap.Named(name, value, value));

    private static IEnumerable<string> Found(Store<ConfigMap> store, string value) =>
        store.ByIndex("values", value).Select(item => item.Metadata.Name).Order();

    private static EntityKey Key(string name) => new("default", name);
}
