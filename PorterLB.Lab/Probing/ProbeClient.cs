using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace PorterLB.Lab.Probing;

/// <summary>
/// Sends a probe to each target at a fixed pace and never waits for one before the next. Every probe is a flow of its own (a new
/// port): an entry that connection tracking still has of an older flow cannot make the path look alive, or dead.
/// </summary>
internal sealed class ProbeClient(IReadOnlyList<IPEndPoint> targets, TimeSpan interval)
{
    /// <summary>Below one second, after which TCP would send a lost SYN again: that SYN was lost all the same.</summary>
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromMilliseconds(900);

    private static readonly byte[] Question = "probe\n"u8.ToArray();

    private readonly ConcurrentBag<(IPEndPoint Target, string Protocol, ProbeSample Sample)> _samples = [];
    private readonly ConcurrentDictionary<Task, byte> _underWay = new();

    /// <summary>Runs until told to stop, and then until the last answer is due.</summary>
    public async Task<ProbeResult> RunAsync(CancellationToken stop)
    {
        // On a thread of its own, waited for without one: the pool begins with one thread for each processor, and each that is blocked
        // makes the answers wait for half a second, until the pool grows.
        var paced = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            Pace(stop);
            paced.SetResult();
        })
        { Priority = ThreadPriority.AboveNormal }.Start();
        await paced.Task;
        await Task.WhenAll(_underWay.Keys);
        var flows = _samples.GroupBy(sample => (sample.Target, sample.Protocol))
            .OrderBy(flow => flow.Key.Target.AddressFamily).ThenBy(flow => flow.Key.Protocol, StringComparer.Ordinal)
            .Select(flow => new ProbedFlow(flow.Key.Target.ToString(), flow.Key.Protocol, [.. flow.Select(item => item.Sample).OrderBy(sample => sample.Sent)]));
        return new ProbeResult([.. flows]);
    }

    private void Pace(CancellationToken stop)
    {
        var next = Stopwatch.GetTimestamp();
        var step = (long)(interval.TotalSeconds * Stopwatch.Frequency);
        while (!stop.IsCancellationRequested)
        {
            foreach (var target in targets)
            {
                Begin(target, "udp", AskDatagramAsync);
                Begin(target, "tcp", AskConnectionAsync);
            }

            next += step;
            var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), next);
            if (wait > TimeSpan.Zero)
            {
                Thread.Sleep(wait);
            }
            else if (wait < -interval)
            {
                // Kept from running: what was missed is not made up for, or a burst would follow a pause.
                next = Stopwatch.GetTimestamp();
            }
        }
    }

    private void Begin(IPEndPoint target, string protocol, Func<IPEndPoint, CancellationToken, Task<(long Answered, string? Who)>> ask)
    {
        var task = OneAsync(target, protocol, ask);
        if (!task.IsCompleted)
        {
            _underWay.TryAdd(task, 0);
            _ = task.ContinueWith(done => _underWay.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task OneAsync(IPEndPoint target, string protocol, Func<IPEndPoint, CancellationToken, Task<(long Answered, string? Who)>> ask)
    {
        var sent = ProbeResult.Now;
        using var patience = new CancellationTokenSource(AnswerPatience);
        try
        {
            var (answered, who) = await ask(target, patience.Token);
            _samples.Add((target, protocol, new ProbeSample(sent, answered, who)));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            _samples.Add((target, protocol, new ProbeSample(sent, null, null)));
        }
    }

    private static async Task<(long Answered, string? Who)> AskDatagramAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target);
        socket.Send(Question);
        var buffer = new byte[256];
        var length = await socket.ReceiveAsync(buffer, cancellationToken);
        return (ProbeResult.Now, NameIn(buffer, length));
    }

    private static async Task<(long Answered, string? Who)> AskConnectionAsync(IPEndPoint target, CancellationToken cancellationToken)
    {
        // Closed by a reset: nothing of it lingers to fill the client's ports.
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, LingerState = new LingerOption(true, 0) };
        try
        {
            await socket.ConnectAsync(target, cancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A reset in answer to a SYN is "refused" (RFC 9293, 3.10.7.3): this one met a connection that stood already, before we looked.
            return (ProbeResult.Now, null);
        }

        var connected = ProbeResult.Now;
        try
        {
            await socket.SendAsync(Question, cancellationToken);
            var buffer = new byte[256];
            var length = await socket.ReceiveAsync(buffer, cancellationToken);
            return (connected, length > 0 ? NameIn(buffer, length) : null);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // It stood, and broke: an established connection, of which nothing is promised when its address moves.
            return (connected, null);
        }
    }

    private static string NameIn(byte[] answer, int length) => Encoding.UTF8.GetString(answer, 0, length).Split(' ')[0];
}
