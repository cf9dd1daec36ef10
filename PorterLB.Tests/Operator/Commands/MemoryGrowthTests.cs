using PorterLB.Operator.Commands;

namespace PorterLB.Tests.Operator.Commands;

public sealed class MemoryGrowthTests
{
    private const long MB = 1 << 20;

    [Fact]
    public void A_start_is_over_when_little_is_allocated_any_more()
    {
        var growth = new MemoryGrowth();
        Assert.False(growth.IsOver(allocated: 100 * MB, resident: 60 * MB));
        Assert.True(growth.IsOver(allocated: 101 * MB, resident: 60 * MB));
    }

    [Fact]
    public void What_a_collection_leaves_is_in_use_and_is_not_collected_again()
    {
        var growth = new MemoryGrowth();
        growth.Settle(resident: 45 * MB);
        Assert.False(growth.IsOver(allocated: 2 * MB, resident: 45 * MB));
        Assert.False(growth.IsOver(allocated: 3 * MB, resident: 53 * MB - 1));
        Assert.True(growth.IsOver(allocated: 4 * MB, resident: 53 * MB));
    }

    [Fact]
    public void While_a_burst_goes_on_nothing_is_collected_for_a_while()
    {
        var growth = new MemoryGrowth();
        growth.Settle(resident: 45 * MB);
        for (var look = 1; look <= MemoryGrowth.Patience; look++)
        {
            Assert.False(growth.IsOver(look * MemoryGrowth.Calm, (45 + (10 * look)) * MB));
        }

        Assert.True(growth.IsOver((MemoryGrowth.Patience + 1) * MemoryGrowth.Calm, 140 * MB));
    }
}
