namespace PorterLB.Reconciler.Watching;

/// <summary>
/// Decides what a reflector does next, from what happened: event or error → list, watch or wait. Reads no clock and sends nothing.
/// <code>
///   List(0) ──ok──► Watch(v) ──ended, v moved on by each event and bookmark──► Watch(v')
///      ▲              │ 410 ─────────────► List(v)  ──410, or v unknown to the server──► List("") from etcd
///      │              │ forgotten ───────► List(v); Watch(v) where little came since
///      │              │ refused, 429 ────► wait, Watch(v): nothing is lost, so nothing is listed
///      ├── wait ──────┴ other error
///      └── as the next form of the kind ◄── 404
/// </code>
/// </summary>
/// <param name="random">Spreads requests.</param>
/// <param name="forms">As how many kinds the objects may be served, as EndpointSlices of v1 or of v1beta1; the best comes first.</param>
internal sealed class ReflectorState(Random random, int forms = 1)
{
    // The server ends a watch after this long. Spread, or all watches of a cluster would come back in the same second.
    private static readonly TimeSpan WatchTimeoutMin = TimeSpan.FromSeconds(300);
    private static readonly TimeSpan WatchTimeoutMax = TimeSpan.FromSeconds(600);

    // A server or proxy that accepts watches and ends them at once would otherwise be asked in a tight loop.
    private static readonly TimeSpan ShortWatch = TimeSpan.FromSeconds(1);

    /// <summary>What came since is little beside a list, when a list is this many times as much. Versions count other kinds' changes, too.</summary>
    private const ulong LittleOfAList = 16;

    // Waited for by people: who applies a missing CustomResourceDefinition looks on.
    private static readonly TimeSpan NotServedWaitMax = TimeSpan.FromSeconds(5);

    private readonly Backoff _backoff = new(random);
    private string? _version;
    private bool _listed;
    private bool _fromQuorum;
    private string? _forgottenAt;
    private TimeSpan? _wait;

    /// <summary>Up to which version everything has been seen; null before the first list.</summary>
    public string? Version => _version;

    /// <summary>
    /// Whether the server was away since it told of <see cref="Version"/>. If its store was meanwhile brought back from a backup, it would
    /// accept a watch from a version that it does not have, and send nothing until it has it.
    /// </summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>As which of the forms it is listed and watched; 0 is the best.</summary>
    public int Form { get; private set; }

    /// <summary>What to do now. A wait is given once, then what comes after it.</summary>
    public ReflectorStep Next()
    {
        if (_wait is { } delay)
        {
            _wait = null;
            return new ReflectorStep.Wait(delay);
        }

        if (!_listed)
        {
            return new ReflectorStep.List(_fromQuorum ? "" : _version ?? "0");
        }

        var spread = (WatchTimeoutMax - WatchTimeoutMin).TotalSeconds * random.NextDouble();
        return new ReflectorStep.Watch(_version!, WatchTimeoutMin + TimeSpan.FromSeconds(Math.Floor(spread)));
    }

    /// <summary>The list arrived.</summary>
    public void Listed(string version)
    {
        _version = version;
        _listed = true;
        _fromQuorum = false;
        _forgottenAt = null;
        IsDoubtful = false;
    }

    /// <summary>The list failed.</summary>
    public void ListFailed(TimeSpan now, ReflectorFailure failure, TimeSpan? retryAfter = null)
    {
        if (failure is ReflectorFailure.Gone or ReflectorFailure.VersionTooLarge && !_fromQuorum)
        {
            // The version that we hold is of no use here: only etcd itself can say what is true now.
            _fromQuorum = true;
            return;
        }

        if (failure is ReflectorFailure.NotServed)
        {
            if (Form + 1 < forms)
            {
                Form++;
                return;
            }

            Form = 0;
        }

        Wait(now, retryAfter);
        if (failure is ReflectorFailure.NotServed && _wait > NotServedWaitMax)
        {
            _wait = NotServedWaitMax;
        }
    }

    /// <summary>The server turns out to have a better form: it is listed as that from now on.</summary>
    public void Prefer(int form)
    {
        Form = form;
        _listed = false;
    }

    /// <summary>An event or a bookmark arrived.</summary>
    public void Advanced(string version)
    {
        if (version.Length > 0)
        {
            _version = version;
        }
    }

    /// <summary>
    /// An open watch ended without the server saying that anything is wrong: its time was up, the connection broke, or we cut it for
    /// being silent. Either way nothing is lost: the next one begins where this one ended.
    /// </summary>
    public void WatchEnded(TimeSpan now, TimeSpan openFor, bool sawEvent)
    {
        if (openFor < ShortWatch && !sawEvent)
        {
            WatchFailed(now, ReflectorFailure.Other);
        }
    }

    /// <summary>
    /// The server has forgotten an open watch, which it does to slow ones. One that goes on where it stood is first sent all that came since, is
    /// slow once more, and is forgotten further behind: so all are listed anew. (Two thousand Services at once had their addresses a second
    /// later where a quarter of a list was little.) But lists of ten thousand objects for each watcher make all watches slow: where little
    /// came since, it goes on, unless the last one that did was sent nothing at all.
    /// </summary>
    /// <param name="newest">The server's version of the kind.</param>
    /// <param name="objects">How many would be listed.</param>
    public void WatchForgotten(string? newest, int objects)
    {
        var little = ServerVersion.Distance(_version, newest) <= (ulong)objects / LittleOfAList;
        _listed = little && _version != _forgottenAt;
        _forgottenAt = _version;
    }

    /// <summary>The server's store is not older than what was seen.</summary>
    public void Confirmed() => IsDoubtful = false;

    /// <summary>The server's store is older than what was seen: only etcd itself can say what is true now.</summary>
    public void WentBack()
    {
        _listed = false;
        _fromQuorum = true;
    }

    /// <summary>A watch could not be opened, or the server ended it with an error.</summary>
    public void WatchFailed(TimeSpan now, ReflectorFailure failure, TimeSpan? retryAfter = null)
    {
        switch (failure)
        {
            case ReflectorFailure.Gone or ReflectorFailure.NotServed:
                _listed = false;
                Form = failure == ReflectorFailure.NotServed ? 0 : Form;

                // At once, for what was deleted meanwhile is only found by the list; but not in a loop.
                if (_backoff.IsTroubled(now))
                {
                    Wait(now, retryAfter);
                }
                else
                {
                    _backoff.Next(now);
                }

                break;

            case ReflectorFailure.TooManyRequests or ReflectorFailure.Unreachable:
                IsDoubtful |= failure == ReflectorFailure.Unreachable;
                Wait(now, retryAfter);
                break;

            default:
                _listed = false;
                Wait(now, retryAfter);
                break;
        }
    }

    private void Wait(TimeSpan now, TimeSpan? atLeast)
    {
        var delay = _backoff.Next(now);
        _wait = atLeast > delay ? atLeast : delay;
    }
}
