namespace PorterLB.Reconciler.Client;

/// <summary>
/// What a request fails with when the server or the way to it is to blame, not the program: it is away, starting, breaking off, refuses
/// for now, or sends what cannot be read. Tried again later it may succeed.
/// </summary>
public static class ServerTrouble
{
    /// <summary>Whether an exception is one.</summary>
    /// <param name="exception">What a request threw.</param>
    public static bool Is(Exception exception) =>
        exception is ApiException or HttpRequestException or TimeoutException or IOException or InvalidDataException;
}
