namespace PorterLB.Reconciler.Watching;

/// <summary>What a reflector does next.</summary>
internal abstract record ReflectorStep
{
    private ReflectorStep()
    {
    }

    /// <summary>List all objects.</summary>
    /// <param name="ResourceVersion"><c>0</c> = whatever the server has at hand; empty = the newest, from etcd; else at least this one.</param>
    public sealed record List(string ResourceVersion) : ReflectorStep;

    /// <summary>Watch what changes.</summary>
    /// <param name="ResourceVersion">After this version.</param>
    /// <param name="Timeout">After which the server ends the watch.</param>
    public sealed record Watch(string ResourceVersion, TimeSpan Timeout) : ReflectorStep;

    /// <summary>Do nothing for a while.</summary>
    /// <param name="Delay">How long.</param>
    public sealed record Wait(TimeSpan Delay) : ReflectorStep;
}

/// <summary>How a request of a reflector failed.</summary>
internal enum ReflectorFailure
{
    /// <summary>The server no longer has the version that was asked for (410).</summary>
    Gone,

    /// <summary>The server does not have that version yet: another server gave it, or etcd was restored from a backup.</summary>
    VersionTooLarge,

    /// <summary>The server does not have the kind at all, or not as it was asked for (404).</summary>
    NotServed,

    /// <summary>The server has too much to do (429).</summary>
    TooManyRequests,

    /// <summary>No server answered: the request says nothing about the version.</summary>
    Unreachable,

    /// <summary>Anything else.</summary>
    Other,
}
