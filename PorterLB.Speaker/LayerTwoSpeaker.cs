using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Hellos;
using PorterLB.Speaker.Loop;
using PorterLB.Speaker.Metrics;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker;

/// <summary>
/// Claims addresses on the node's network segments and answers ARP and NDP for those that this node holds, in agreement with the other
/// speakers on the wire. It is told what exists and who may hold it (<see cref="Apply"/>); who does hold it is decided on the wire.
/// <para>Linux only; needs libpcap and CAP_NET_RAW. All members may be called from any thread.</para>
/// </summary>
public sealed class LayerTwoSpeaker : IAsyncDisposable
{
    /// <summary>The meter (System.Diagnostics.Metrics) under which all speakers of the process count.</summary>
    public const string MeterName = SpeakerMetrics.MeterName;

    /// <summary>How long <see cref="LeaveAsync"/> waits at most.</summary>
    public static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Reports beyond these that nobody reads push out the oldest.</summary>
    private const int ReportsMax = 1_024;

    private readonly Channel<SpeakerStatus> _changes =
        Channel.CreateBounded<SpeakerStatus>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Channel<SpeakerReport> _reports =
        Channel.CreateBounded<SpeakerReport>(new BoundedChannelOptions(ReportsMax) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly Mailbox _mailbox = new();
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InterfaceWatch _watch;
    private readonly SpeakerLoop _loop;
    private readonly Thread _thread;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _disposed;

    private LayerTwoSpeaker(SpeakerOptions options, ILoggerFactory loggerFactory, TimeProvider time)
    {
        _time = time;
        _logger = loggerFactory.CreateLogger("PorterLB.Speaker");
        _watch = new InterfaceWatch(
            all => _mailbox.Post(new Mail.Interfaces(all)), error => _logger.InterfacesUnknown(error.Message));
        var clock = new MachineClock(time);
        var file = options.StateFile is { } path ? new RightsFile(path, ReadBootId(), time) : null;
        _loop = new SpeakerLoop(
            options, _watch.Current, _mailbox, clock, new PcapWireFactory(clock), file, _logger, _changes.Writer, _reports.Writer);
        _logger.Starting(options.NodeName, options.HelloPort, _watch.Current.Length);
        _thread = new Thread(Run) { IsBackground = true, Name = "speaker" };
    }

    /// <summary>What the speaker does now.</summary>
    public SpeakerStatus Status => _loop.Status;

    /// <summary>What the speaker has done since it started.</summary>
    public SpeakerTotals Totals => _loop.Metrics.Totals;

    /// <summary>The newest status after each change; one that was not read in time is replaced by the next. For one reader.</summary>
    public ChannelReader<SpeakerStatus> Changes => _changes.Reader;

    /// <summary>What people may want to know of; the oldest are lost when 1,024 are waiting. For one reader.</summary>
    public ChannelReader<SpeakerReport> Reports => _reports.Reader;

    /// <summary>Ends when the speaker has ended: by <see cref="DisposeAsync"/>, or faulted by an error that it cannot go on from.</summary>
    public Task Completion => _ended.Task;

    /// <summary>Names this boot of the machine: what is kept in files for a restart of the process must not outlive it.</summary>
    public static string ReadBootId() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    /// <summary>Starts a speaker. It holds nothing before it has listened for the dead-after time.</summary>
    /// <param name="options">Who it is and where it may speak.</param>
    /// <param name="loggerFactory">Where it logs.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="ArgumentException">The options contradict what they say they are.</exception>
    /// <exception cref="IOException">The kernel does not tell which interfaces there are.</exception>
    public static LayerTwoSpeaker Start(SpeakerOptions options, ILoggerFactory loggerFactory, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggerFactory);
        ArgumentNullException.ThrowIfNull(time);
        if (options.NodeName.Length == 0 || HelloLayout.Names.GetByteCount(options.NodeName) > HelloLayout.NodeNameMax)
        {
            throw new ArgumentException($"A node's name has 1 to {HelloLayout.NodeNameMax} bytes; '{options.NodeName}' has not.", nameof(options));
        }

        if (options.ClusterTag.IsDefault || options.ClusterTag.Length != HelloLayout.ClusterTagLength)
        {
            throw new ArgumentException($"The cluster tag must have {HelloLayout.ClusterTagLength} bytes.", nameof(options));
        }

        _ = new HelloKeys(options.Keys);
        var speaker = new LayerTwoSpeaker(options, loggerFactory, time);
        speaker._watch.Start();
        speaker._thread.Start();
        return speaker;
    }

    /// <summary>Tells the whole truth about the addresses: what was there before and is missing now has been released.</summary>
    public void Apply(Rights rights)
    {
        ArgumentNullException.ThrowIfNull(rights);
        _mailbox.Post(new Mail.Apply(rights));
    }

    /// <summary>Tells whether the source of the rights is in reach: without it a speaker judges more carefully by what it was told last.</summary>
    /// <param name="fresh">Whether there was contact within the last 2.5 s.</param>
    public void SetContact(bool fresh) => _mailbox.Post(new Mail.Contact(fresh));

    /// <summary>Tells whether this node forwards what arrives. Never called means: it does.</summary>
    public void SetDataPlane(bool healthy) => _mailbox.Post(new Mail.DataPlane(healthy));

    /// <summary>Exchanges the keys of the hellos: the first signs, one or two are accepted.</summary>
    /// <exception cref="ArgumentException">There are none or more than two, or one is too short.</exception>
    public void SetKeys(ImmutableArray<byte[]> keys) => _mailbox.Post(new Mail.NewKeys(new HelloKeys(keys)));

    /// <summary>
    /// Hands all addresses over: says that it leaves, answers on until others have claimed, and ends when nothing is held any more,
    /// after 2 s at the latest. Dispose it afterwards.
    /// </summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        _mailbox.Post(new Mail.Leave());
        try
        {
            await Task.WhenAny(_loop.Left, _ended.Task).WaitAsync(LeaveTimeout, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // Nobody took the rest over; there is no use in waiting longer.
        }

        _logger.HasLeft();
    }

    /// <summary>Stops at once: answers for nothing any more, and tells nobody.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _mailbox.Post(new Mail.Stop());
        await ((Task)_ended.Task).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _watch.Dispose();
        _changes.Writer.TryComplete();
        _reports.Writer.TryComplete();
    }

    private void Run()
    {
        try
        {
            _loop.Run();
            _ended.TrySetResult();
        }
        catch (Exception error)
        {
            // Whatever it is, an answer given without decisions behind it is worse than none: another speaker takes over.
            _logger.LoopFailed(error);
            _ended.TrySetException(error);
        }
        finally
        {
            _loop.Dispose();
        }
    }
}
