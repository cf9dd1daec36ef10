using PorterLB.Speaker.Announcing;

namespace PorterLB.Tests.Speaker.Announcing;

public sealed class InquiryTests
{
    [Fact]
    public void Three_probes_in_100_ms_without_an_answer_are_silence()
    {
        var inquiry = new Inquiry();
        inquiry.Begin(At(0));
        Assert.Equal([0, 34, 67], Run(ref inquiry, 0, 99));
        Assert.False(inquiry.Silent);
        Run(ref inquiry, 100, 101);
        Assert.True(inquiry.Silent);
    }

    [Fact]
    public void An_answer_costs_the_round_and_a_whole_silent_one_after_it()
    {
        var inquiry = new Inquiry();
        inquiry.Begin(At(0));
        Run(ref inquiry, 0, 50);
        inquiry.Heard(At(50), rival: false);
        Assert.True(inquiry.Answered);
        Run(ref inquiry, 51, 150);
        Assert.False(inquiry.Silent);
        Run(ref inquiry, 151, 210);
        Assert.True(inquiry.Silent);
        Assert.False(inquiry.Answered);
    }

    [Fact]
    public void Who_is_answered_for_long_asks_ever_less_often()
    {
        var inquiry = new Inquiry();
        inquiry.Begin(At(0));
        var probes = 0;
        for (var ms = 0; ms < 120_000; ms++)
        {
            if (inquiry.Step(At(ms)))
            {
                probes += ms >= 60_000 ? 1 : 0;
                inquiry.Heard(At(ms), rival: false);
            }
        }

        Assert.InRange(probes, 50, 60);
    }

    [Fact]
    public void The_elected_node_must_answer_in_every_round()
    {
        var inquiry = new Inquiry();
        inquiry.Begin(At(0));
        Run(ref inquiry, 0, 10);
        inquiry.Heard(At(10), rival: true);
        Run(ref inquiry, 11, 150);
        Assert.Equal(At(10), inquiry.RivalAnswersSince);
        Run(ref inquiry, 151, 250);
        Assert.Null(inquiry.RivalAnswersSince);
    }

    private static List<int> Run(ref Inquiry inquiry, int from, int to)
    {
        var probes = new List<int>();
        for (var ms = from; ms <= to; ms++)
        {
            if (inquiry.Step(At(ms)))
            {
                probes.Add(ms);
            }
        }

        return probes;
    }

    private static TimeSpan At(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
