using System.Text;
using k8s.Models;
using PorterLB.Reconciler.Finalizers;

namespace PorterLB.Tests.Reconciler.Finalizers;

public class FinalizerPatchTests
{
    [Fact]
    public void It_is_taken_off_at_its_own_place_and_tested_for() => Assert.Equal(
        """[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"test","path":"/metadata/finalizers/1","value":"ours/x"},{"op":"remove","path":"/metadata/finalizers/1"}]""",
        Text(FinalizerPatch.Remove(Meta("theirs/y", "ours/x", "theirs/z"), "ours/x")));

    [Fact]
    public void What_is_not_there_needs_no_patch()
    {
        Assert.Null(FinalizerPatch.Remove(Meta("theirs/y"), "ours/x"));
        Assert.Null(FinalizerPatch.Remove(Meta(), "ours/x"));
        Assert.Null(FinalizerPatch.Add(Meta("ours/x"), "ours/x"));
    }

    [Fact]
    public void It_is_put_after_the_others() => Assert.Equal(
        """[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"add","path":"/metadata/finalizers/-","value":"ours/x"}]""",
        Text(FinalizerPatch.Add(Meta("theirs/y"), "ours/x")));

    [Fact]
    public void The_first_of_all_tests_that_none_came_meanwhile() => Assert.Equal(
        """[{"op":"test","path":"/metadata/uid","value":"u"},{"op":"test","path":"/metadata/resourceVersion","value":"7"},{"op":"add","path":"/metadata/finalizers","value":["ours/x"]}]""",
        Text(FinalizerPatch.Add(Meta(), "ours/x")));

    private static V1ObjectMeta Meta(params string[] finalizers) =>
        new() { Uid = "u", ResourceVersion = "7", Finalizers = finalizers.Length == 0 ? null : finalizers };

    private static string Text(byte[]? patch) => Encoding.UTF8.GetString(patch!);
}
