using CsCheck;
using PorterLB.Speaker.Peers;

namespace PorterLB.Tests.Speaker.Peers;

public sealed class ReplayWindowTests
{
    [Fact]
    public void A_number_is_accepted_once()
    {
        var window = new ReplayWindow();
        Assert.Equal(Arrival.Newest, window.Accept(5));
        Assert.Equal(Arrival.Replayed, window.Accept(5));
        Assert.Equal(Arrival.Late, window.Accept(4));
        Assert.Equal(Arrival.Replayed, window.Accept(4));
    }

    [Fact]
    public void A_number_is_late_within_the_window_and_refused_beyond_it()
    {
        var window = new ReplayWindow();
        window.Accept(100);
        Assert.Equal(Arrival.Late, window.Accept(100 - (ReplayWindow.Size - 1)));
        Assert.Equal(Arrival.Replayed, window.Accept(100 - ReplayWindow.Size));
    }

    [Fact]
    public void Zero_is_no_number() => Assert.Equal(Arrival.Replayed, new ReplayWindow().Accept(0));

    [Fact]
    public void It_behaves_as_a_set_of_the_last_64_numbers() =>
        Gen.ULong[1, 200].Array[0, 300].Sample(numbers =>
        {
            var window = new ReplayWindow();
            var seen = new HashSet<ulong>();
            ulong newest = 0;
            foreach (var number in numbers)
            {
                var expected = number > newest ? Arrival.Newest
                    : newest - number >= ReplayWindow.Size || seen.Contains(number) ? Arrival.Replayed
                    : Arrival.Late;
                if (window.Accept(number) != expected)
                {
                    return false;
                }

                seen.Add(number);
                newest = Math.Max(newest, number);
            }

            return window.Newest == newest;
        });
}
