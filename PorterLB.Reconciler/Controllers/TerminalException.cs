namespace PorterLB.Reconciler.Controllers;

/// <summary>Thrown by a controller: counted as a failure, and not tried again before something changes.</summary>
public sealed class TerminalException : Exception
{
    /// <summary>Makes one.</summary>
    public TerminalException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
