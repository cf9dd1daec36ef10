using System.Net;

namespace PorterLB.Reconciler.Client;

/// <summary>
/// A body that asks at the very last, when the request's head is on its way already, whether it may still be sent. A process that was
/// frozen between a check and the write that the check was for, and is thawed when somebody else leads, sends a head without a body:
/// no server acts on that.
/// </summary>
internal sealed class GuardedContent(ReadOnlyMemory<byte> body, Func<bool> maySend) : HttpContent
{
    /// <summary>Whether it was not sent.</summary>
    public bool IsWithheld { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (!maySend())
        {
            IsWithheld = true;
            throw new InvalidOperationException("The body is withheld: it may not be sent any more.");
        }

        await stream.WriteAsync(body, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}
