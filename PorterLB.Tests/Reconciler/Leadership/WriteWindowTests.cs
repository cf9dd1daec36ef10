using Microsoft.Extensions.Time.Testing;
using PorterLB.Reconciler.Leadership;

namespace PorterLB.Tests.Reconciler.Leadership;

public class WriteWindowTests
{
    private static readonly TimeSpan Quick = WriteWindow.Slow / 2;
    private readonly FakeTimeProvider _time = new();
    private readonly WriteWindow _window;

    public WriteWindowTests() => _window = new WriteWindow(_time);

    [Fact]
    public async Task No_more_writes_are_under_way_than_fit_and_the_others_follow_in_order()
    {
        var writes = Begin(WriteWindow.Most + 2);
        Assert.Equal(WriteWindow.Most, writes.Count(write => write.IsSent));
        writes[3].Answer();
        await writes[3].Done;
        Assert.True(await writes[WriteWindow.Most].SentAsync());
        Assert.False(writes[WriteWindow.Most + 1].IsSent);
    }

    [Fact]
    public async Task Writes_that_a_slow_server_answers_late_halve_the_window_once()
    {
        await AnswerAsync(Begin(WriteWindow.Most), after: WriteWindow.Slow);
        Assert.Equal(WriteWindow.Most / 2, _window.Size);
    }

    [Fact]
    public async Task With_a_server_that_stays_slow_one_at_a_time_is_left()
    {
        for (var i = 0; i < 10; i++)
        {
            await AnswerAsync(Begin(1), after: WriteWindow.Slow);
        }

        Assert.Equal(1, _window.Size);
        var writes = Begin(2);
        Assert.Equal((true, false), (writes[0].IsSent, writes[1].IsSent));
    }

    [Fact]
    public async Task With_a_server_that_is_quick_again_the_window_grows_to_what_it_was_and_no_further()
    {
        for (var i = 0; i < 10; i++)
        {
            await AnswerAsync(Begin(1), after: WriteWindow.Slow);
        }

        for (var i = 0; i < WriteWindow.Most * WriteWindow.Most; i++)
        {
            await AnswerAsync(Begin(1), after: Quick);
        }

        Assert.Equal(WriteWindow.Most, _window.Size);
    }

    [Fact]
    public async Task A_write_that_fails_or_is_given_up_while_it_waits_makes_room_all_the_same()
    {
        using var stop = new CancellationTokenSource();
        var full = Begin(WriteWindow.Most);
        var givenUp = new Write(_window, stop.Token);
        var last = Begin(1)[0];
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp.Done);
        full[0].Fail();
        await Assert.ThrowsAsync<IOException>(() => full[0].Done);
        Assert.True(await last.SentAsync());
        Assert.False(givenUp.IsSent);
    }

    private Write[] Begin(int count) => [.. Enumerable.Range(0, count).Select(_ => new Write(_window, CancellationToken.None))];

    private async Task AnswerAsync(Write[] writes, TimeSpan after)
    {
        _time.Advance(after);
        foreach (var write in writes)
        {
            write.Answer();
            await write.Done;
        }
    }

    private sealed class Write
    {
        private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<bool> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Write(WriteWindow window, CancellationToken cancellationToken) => Done = window.SendAsync(
            () =>
            {
                _sent.SetResult();
                return _answer.Task;
            },
            cancellationToken);

        public Task Done { get; }

        public bool IsSent => _sent.Task.IsCompleted;

        public async Task<bool> SentAsync()
        {
            await _sent.Task.WaitAsync(TestContext.Current.CancellationToken);
            return true;
        }

        public void Answer() => _answer.SetResult(true);

        public void Fail() => _answer.SetException(new IOException("cut"));
    }
}
