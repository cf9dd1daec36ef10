namespace PorterLB.Reconciler.Hosting;

/// <summary>Why an operator cannot start or go on. The message is one sentence for the user: what is wrong and what would be right.</summary>
public sealed class OperatorException : Exception
{
    /// <summary>Makes one.</summary>
    public OperatorException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
