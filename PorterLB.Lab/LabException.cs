namespace PorterLB.Lab;

/// <summary>Something that whoever runs the lab can act on: the message is one sentence that says what is wrong and what to do.</summary>
public sealed class LabException : Exception
{
    public LabException()
    {
    }

    public LabException(string message) : base(message)
    {
    }

    public LabException(string message, Exception innerException) : base(message, innerException)
    {
    }
}
